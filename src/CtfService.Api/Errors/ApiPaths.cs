namespace CtfService.Api.Errors;

/// <summary>The addresses that OpenAI's clients know, and that answer in OpenAI's shape. Case does not matter to routing, so neither does it here.</summary>
internal static class ApiPaths
{
    private const string Root = "/v1";

    public static bool Contains(PathString path) => path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase);
}
