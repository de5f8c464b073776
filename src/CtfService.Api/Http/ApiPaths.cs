namespace CtfService.Api.Http;

/// <summary>The addresses that OpenAI's clients know, and that answer in OpenAI's shape. Case does not matter to routing, so neither does it here.</summary>
internal static class ApiPaths
{
    private const string Root = "/v1";

    /// <summary>What follows the root at every address.</summary>
    private static readonly string[] Resources = ["/images", "/models", "/classes"];

    public static bool Contains(PathString path) => path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);

    /// <summary>What was meant by an address without the root, or with two of them; null if that cannot be known.</summary>
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
