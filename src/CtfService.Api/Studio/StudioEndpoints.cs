using Microsoft.Net.Http.Headers;

namespace CtfService.Api.Studio;

/// <summary>
/// Serves the page for people at <c>/</c>. The files need no key and count in no limit; the page itself uses the API, which does. Browsers keep the files and
/// ask whether they have changed, so that a new version is seen at once.
/// </summary>
internal static class StudioEndpoints
{
    private static readonly string Caching = new CacheControlHeaderValue { NoCache = true }.ToString();

    /// <exception cref="Hosting.StartRefusedException">The page is missing.</exception>
    public static void MapStudio(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<StudioOptions>().Enabled)
        {
            app.MapGet("/", () => Results.Redirect("/swagger")).ExcludeFromDescription();
            return;
        }

        var files = StudioFiles.Read(Path.Combine(AppContext.BaseDirectory, "wwwroot"));
        app.MapGet("/", (HttpContext http) => Send(http, files.Find("/"))).ExcludeFromDescription();
        app.MapGet($"{StudioFiles.Group}/{{**path}}", (HttpContext http, string? path) => string.IsNullOrEmpty(path)
            ? Results.Redirect("/")
            : Send(http, files.Find($"{StudioFiles.Group}/{path}"))).ExcludeFromDescription();
    }

    private static IResult Send(HttpContext http, StudioFile? file)
    {
        if (file is null)
        {
            return TypedResults.NotFound();
        }

        var body = file.For(http.Request.GetTypedHeaders().AcceptEncoding);
        var headers = http.Response.Headers;
        headers.CacheControl = Caching;
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.ContentEncoding = body.Encoding;
        return TypedResults.Bytes(body.Bytes, file.MediaType, entityTag: body.Tag);
    }
}
