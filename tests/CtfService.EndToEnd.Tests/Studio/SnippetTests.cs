using CtfService.EndToEnd.Tests.Clients;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Studio;

/// <summary>The code that the page shows does what the page does.</summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class SnippetTests(GuardedService service, StudioBrowser browser) : IClassFixture<StudioBrowser>, IDisposable
{
    private const string HostileLabel = "it's a \"quoted\" \\ $(label) `of` \u2028 !";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ChromiumFact]
    public async Task JavaScript_ForALargeSeed_DrawsThatImage()
    {
        var code = await Snippet("JavaScript", new { route = "generations", fields = new { class_label = "banana", seed = "18446744073709551615" } });
        await File.WriteAllTextAsync(_folder.File("draw.mjs"), code.Replace("YOUR_KEY", GuardedService.Key, StringComparison.Ordinal));

        var run = await ProgramRun.Of(InstalledProgram.Find("node") ?? "node", ["draw.mjs"], _folder.Root);

        Assert.True(run.ExitCode == 0, run.ToString());
        var provenance = ImageFile.FindProvenance(await File.ReadAllBytesAsync(_folder.File("image.png")));
        Assert.Equal((1, ulong.MaxValue), (provenance?.ClassId, provenance?.Seed));
    }

    [ChromiumFact]
    public async Task Curl_QuotesDollarsAndBackslashes_ReachTheServiceUnchanged()
    {
        var code = await Snippet("curl", new { route = "generations", fields = new { class_label = HostileLabel, seed = "12" } });

        var arguments = await CurlArguments(code);

        Assert.Contains($"{service.Client.BaseAddress}v1/images/generations", arguments);
        Assert.Contains("""{"class_label":"it's a \"quoted\" \\ $(label) `of` \u2028 !","seed":12}""", arguments);
    }

    [ChromiumFact]
    public async Task Curl_OfAnEdit_UploadsPictureAndMask()
    {
        var files = new { image = true, mask = true };
        var code = await Snippet("curl", new { route = "edits", fields = new { class_label = HostileLabel, fine_top_k = 5 }, files });

        var arguments = await CurlArguments(code);

        Assert.Contains($"class_label={HostileLabel}", arguments);
        Assert.Contains("fine_top_k=5", arguments);
        Assert.Contains("image=@picture.png", arguments);
        Assert.Contains("mask=@mask.png", arguments);
    }

    [ChromiumFact]
    public async Task CSharp_QuotesAndLineEnds_AreInRawAndEscapedStrings()
    {
        var json = await Snippet("C#", new { route = "generations", fields = new { class_label = HostileLabel } });
        var form = await Snippet("C#", new { route = "variations", fields = new { class_label = HostileLabel }, files = new { image = true } });

        Assert.Contains(
            """"""new StringContent("""{"class_label":"it's a \"quoted\" \\ $(label) `of` \u2028 !"}""", Encoding.UTF8"""""",
            json,
            StringComparison.Ordinal);
        Assert.Contains("""new StringContent("it's a \"quoted\" \\ $(label) `of` \u2028 !"), "class_label")""", form, StringComparison.Ordinal);
    }

    private async Task<string> Snippet(string language, object request)
    {
        await using var studio = await browser.OpenModulesAsync(service);
        return await studio.Call<string>(
            "snippets.js", $"(module, request) => module.languages['{language}']({{ files: null, ...request }}, location.origin)", request);
    }

    /// <summary>What a shell passes to curl, one by one.</summary>
    private async Task<string[]> CurlArguments(string code)
    {
        var run = await ProgramRun.Of("/bin/sh", ["-c", $"curl() {{ printf '%s\\0' \"$@\"; }}\n{code}"], _folder.Root);
        Assert.True(run.ExitCode == 0, run.ToString());
        return run.Output.Split('\0');
    }
}
