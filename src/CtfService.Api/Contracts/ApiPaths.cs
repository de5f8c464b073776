namespace CtfService.Api.Contracts;

/// <summary>The paths that follow OpenAI's API, errors included. Ignores case, as routing does.</summary>
internal static class ApiPaths
{
    private const string Root = "/v1";

    /// <summary>The first segments below the root.</summary>
    private static readonly string[] Resources = ["/images", "/models", "/classes"];

    public static bool Contains(PathString path) => path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the path that was meant by one without the root, or with two of them; null if there is none.</summary>
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
