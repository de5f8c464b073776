namespace CtfService.Api.Errors;

/// <summary>A request is refused; the caller gets the error.</summary>
internal sealed class RequestRefusedException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;

    /// <summary>Creates a 400 for a field or header.</summary>
    public static RequestRefusedException For(string? param, string code, string message) =>
        new(new ApiError(StatusCodes.Status400BadRequest, message, code, param));
}
