namespace CtfService.Api.Contracts;

/// <summary>The routes of files.</summary>
internal static class FileRoutes
{
    public const string Group = "/v1/files";

    /// <summary>Returns true for a request that uploads a file.</summary>
    public static bool IsUpload(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && request.Path.Value.AsSpan().TrimEnd('/').Equals(Group, StringComparison.OrdinalIgnoreCase);
}
