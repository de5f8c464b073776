namespace CtfService.Api.Http;

/// <summary>The addresses that are counted as image requests.</summary>
internal static class ImageRoutes
{
    public const string Group = "/v1/images";

    public const string Generations = "generations";

    public const string Variations = "variations";

    public const string Redetail = "redetail";

    private static readonly string[] Names = [Generations, Variations, Redetail];

    /// <summary>Which of them a request is for; null where for none. Goes by the address alone, so that what is refused before it has an endpoint counts too.</summary>
    public static string? Of(HttpRequest request) =>
        HttpMethods.IsPost(request.Method) && request.Path.StartsWithSegments(Group, StringComparison.OrdinalIgnoreCase, out var rest)
            ? Names.FirstOrDefault(name => rest.Value.AsSpan().Trim('/').Equals(name, StringComparison.OrdinalIgnoreCase))
            : null;
}
