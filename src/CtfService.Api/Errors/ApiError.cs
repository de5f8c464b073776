using CtfService.Api.Contracts;

namespace CtfService.Api.Errors;

/// <summary>An error response, before <see cref="ErrorWriter"/> gives it the shape of its path.</summary>
/// <param name="Message">For people: what is wrong, what is expected, what to do.</param>
/// <param name="Code">For programs.</param>
/// <param name="Param">The field or header with the problem; null if there is none.</param>
internal sealed record ApiError(int Status, string Message, string? Code = null, string? Param = null)
{
    /// <summary>When to retry; null if a retry does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Every problem, if there are several; otherwise null.</summary>
    public IReadOnlyList<ErrorDetail>? Details { get; init; }

    /// <summary>Creates one error from all problems of a request.</summary>
    /// <param name="problems">At least one.</param>
    public static ApiError Invalid(IReadOnlyList<ErrorDetail> problems) =>
        new(StatusCodes.Status400BadRequest, string.Join(' ', problems.Select(problem => problem.Message)), problems[0].Code, problems[0].Param)
        {
            Details = problems.Count > 1 ? problems : null,
        };

    public ErrorResponse ToResponse() => new(new ErrorBody(Message, Status < 500 ? "invalid_request_error" : "server_error", Param, Code, Details));
}
