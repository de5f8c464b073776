using CtfService.Api.Contracts;
using CtfService.Api.Errors;

namespace CtfService.Api.Validation;

/// <summary>Collects up to 32 problems of a request, so that the caller gets all of them in one response. Not thread-safe.</summary>
internal sealed class RequestProblems
{
    /// <summary>Further problems are left out, so that a response cannot be many times longer than its request.</summary>
    private const int MostProblems = 32;

    private readonly List<ErrorDetail> _all = [];

    private readonly List<RequestWarning> _warnings = [];

    public IReadOnlyList<ErrorDetail> All => _all;

    /// <summary>True if further problems are left out.</summary>
    public bool IsFull => _all.Count == MostProblems;

    /// <summary>Fields that had no effect or were interpreted, for the response.</summary>
    public IReadOnlyList<RequestWarning> Warnings => _warnings;

    public void Warn(string param, string message) => _warnings.Add(new RequestWarning(param, message));

    public void Add(string param, string code, string message)
    {
        if (_all.Count < MostProblems)
        {
            _all.Add(new ErrorDetail(message, param, code));
        }
    }

    /// <exception cref="RequestRefusedException">There is a problem; the exception names every one.</exception>
    public void ThrowIfAny()
    {
        if (_all.Count > 0)
        {
            throw new RequestRefusedException(ApiError.Invalid(_all));
        }
    }

    /// <param name="limit">The setting that defines the maximum; null if the maximum is fixed.</param>
    public void RequireRange<T>(T? value, T minimum, T maximum, string param, string? limit = null)
        where T : struct, IComparable<T>
    {
        if (value is { } given && (given.CompareTo(minimum) < 0 || given.CompareTo(maximum) > 0))
        {
            var source = limit is null ? "" : $" (maximum: {limit})";
            Add(param, "out_of_range", FormattableString.Invariant($"{param} is {given}; expected {minimum} to {maximum}{source}."));
        }
    }

    public void RequireOneOf(string? value, IReadOnlyList<string> allowed, string param)
    {
        if (value is not null && !allowed.Contains(value))
        {
            var shown = value.Length <= 64 ? $"'{value}'" : $"a text of {value.Length} characters";
            Add(param, "invalid_value", $"{param} is {shown}; expected {string.Join(" or ", allowed)}.");
        }
    }
}
