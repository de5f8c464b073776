using CtfService.Api.Contracts;

namespace CtfService.Api.Errors;

/// <summary>One answer that is not a success, before it takes the shape its path asks for.</summary>
internal sealed record ApiError(int Status, string Message, string? Code = null, string? Param = null)
{
    /// <summary>When another try makes sense.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Every problem, where there is more than one.</summary>
    public IReadOnlyList<ErrorDetail>? Details { get; init; }

    /// <summary>All problems of a request in one answer.</summary>
    /// <param name="problems">At least one.</param>
    public static ApiError Invalid(IReadOnlyList<ErrorDetail> problems) =>
        new(StatusCodes.Status400BadRequest, string.Join(' ', problems.Select(problem => problem.Message)), problems[0].Code, problems[0].Param)
        {
            Details = problems.Count > 1 ? problems : null,
        };

    public ErrorResponse ToResponse() => new(new ErrorBody(Message, Status < 500 ? "invalid_request_error" : "server_error", Param, Code, Details));
}
