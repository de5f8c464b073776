using CtfService.Api.Contracts;

namespace CtfService.Api.Errors;

/// <summary>One answer that is not a success, before it takes the shape its path asks for.</summary>
internal sealed record ApiError(int Status, string Message, string? Code = null, string? Param = null)
{
    /// <summary>When another try makes sense.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Every fault, where there is more than one.</summary>
    public IReadOnlyList<ErrorDetail>? Details { get; init; }

    /// <summary>All faults of a request in one answer.</summary>
    /// <param name="faults">At least one.</param>
    public static ApiError Invalid(IReadOnlyList<ErrorDetail> faults) =>
        new(StatusCodes.Status400BadRequest, string.Join(' ', faults.Select(fault => fault.Message)), faults[0].Code, faults[0].Param)
        {
            Details = faults.Count > 1 ? faults : null,
        };

    public ErrorResponse ToResponse() => new(new ErrorBody(Message, Status < 500 ? "invalid_request_error" : "server_error", Param, Code, Details));
}
