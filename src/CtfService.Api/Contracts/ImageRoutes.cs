namespace CtfService.Api.Contracts;

/// <summary>The routes of image requests.</summary>
internal static class ImageRoutes
{
    public const string Group = "/v1/images";

    public const string Generations = "generations";

    public const string Variations = "variations";

    public const string Redetail = "redetail";

    private static readonly string[] Names = [Generations, Variations, Redetail];

    /// <summary>
    /// Returns the route of an image request; null for any other request. Depends on method and path alone, so that a request that is refused before routing
    /// counts as well.
    /// </summary>
    public static string? Of(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && request.Path.StartsWithSegments(Group, StringComparison.OrdinalIgnoreCase, out var rest)
            ? Names.FirstOrDefault(name => rest.Value.AsSpan().Trim('/').Equals(name, StringComparison.OrdinalIgnoreCase))
            : null;
}
