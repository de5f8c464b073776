namespace CtfService.Api.Contracts;

/// <summary>The paths that follow OpenAI's API, errors included. Ignores case, as routing does.</summary>
internal static class ApiPaths
{
    private const string Root = "/v1";

    /// <summary>The first segments below the root.</summary>
    private static readonly string[] Resources = ["/images", "/models", "/classes", "/datasets", "/batches", "/files", "/status"];

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

    public const string Edits = "edits";

    public const string Variations = "variations";

    public const string Redetail = "redetail";

    private static readonly string[] Names = [Generations, Edits, Variations, Redetail];

    /// <summary>
    /// Returns the route of an image request; null for any other request. Depends on method and path alone, so that a request that is refused before routing
    /// counts as well.
    /// </summary>
    public static string? Of(HttpRequest request) =>
        ClassRoutes.IsImage(request) ? ClassRoutes.ImageName
        : HttpMethods.IsPost(request.Method) && request.Path.StartsWithSegments(Group, StringComparison.OrdinalIgnoreCase, out var rest)
            ? Names.FirstOrDefault(name => rest.Value.AsSpan().Trim('/').Equals(name, StringComparison.OrdinalIgnoreCase))
            : null;
}

/// <summary>The routes of classes.</summary>
internal static class ClassRoutes
{
    public const string Group = "/v1/classes";

    public const string Image = $"{Group}/{{class}}/image";

    /// <summary>Name of the route of an image in metrics and logs.</summary>
    public const string ImageName = "class_image";

    private const string ImageSegment = "/image";

    /// <summary>Returns whether the request asks for an image of a class. Depends on method and path alone.</summary>
    public static bool IsImage(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Path.StartsWithSegments(Group, StringComparison.OrdinalIgnoreCase, out var rest)
        && rest.Value!.TrimEnd('/') is { } path
        && path.EndsWith(ImageSegment, StringComparison.OrdinalIgnoreCase)
        && path.Length > ImageSegment.Length + 1
        && path.IndexOf('/', 1) == path.Length - ImageSegment.Length;
}
