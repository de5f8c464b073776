namespace CtfService.Api.Errors;

/// <summary>A request that is wrong in a way found while reading it.</summary>
internal sealed class RequestRefusedException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;

    /// <summary>A 400 that names the field.</summary>
    public static RequestRefusedException For(string? param, string code, string message) => new(new ApiError(StatusCodes.Status400BadRequest, message, code, param));
}
