namespace CtfService.Api.Contracts;

/// <summary>The paths that follow OpenAI's API, errors included. Ignores case, as routing does.</summary>
internal static class ApiPaths
{
    private const string Root = "/v1";

    /// <summary>The first segments below the root.</summary>
    private static readonly string[] Resources = ["/images", "/models", "/classes", "/datasets", "/batches", "/files"];

    public static bool Contains(PathString path) => path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the intended path for one that lacks the root or repeats it; null if there is none.</summary>
    public static string? Corrected(PathString path)
    {
        var rest = path;
        while (rest.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase, out var below))
        {
            rest = below;
        }

        var corrected = $"{Root}{rest}";
        return corrected != path && Resources.Any(resource => rest.StartsWithSegments(resource, StringComparison.OrdinalIgnoreCase)) ? corrected : null;
    }
}

/// <summary>The routes of batches.</summary>
internal static class BatchPaths
{
    public const string Group = "/v1/batches";
}

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
