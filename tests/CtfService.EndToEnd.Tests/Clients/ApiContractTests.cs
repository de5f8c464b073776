using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>
/// Third-party tools check docs/openapi.json: two linters, and Dredd, which sends the documented requests to the running service and compares the
/// responses.
/// </summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class ApiContractTests(GuardedService service)
{
    internal static NodeProject Tools { get; } = new("ApiContract", "dredd");

    private static string Document => RepositoryFolder.File("docs", "openapi.json");

    [ContractFact]
    public async Task Spectral_Document_HasNoFindings()
    {
        var run = await Spectral(Document);

        Assert.True(run.ExitCode == 0, run.ToString());
    }

    [ContractFact]
    public async Task Spectral_DocumentWithAWrongExample_HasAFinding()
    {
        using var folder = new TemporaryFolder();
        var damaged = folder.File("openapi.json");
        var document = await File.ReadAllTextAsync(Document);
        await File.WriteAllTextAsync(damaged, document.Replace("\"seed\": 12", "\"seed\": \"twelve\"", StringComparison.Ordinal));

        var run = await Spectral(damaged);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("\"seed\" property type must be integer", run.Output, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task Redocly_Document_HasNoFindings()
    {
        var run = await Tools.RunAsync(["node_modules/.bin/redocly", "lint", Document, "--config", "redocly.yaml", "--format", "json"]);

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("\"errors\": 0,\n    \"warnings\": 0", run.Output, StringComparison.Ordinal);
    }

    [ContractFact]
    public async Task Dredd_DocumentedRequests_GetTheDocumentedResponses()
    {
        using var folder = new TemporaryFolder();
        var picture = folder.File("picture.png");
        await File.WriteAllBytesAsync(picture, PngPicture.Mask(8, 8, (x, _) => x < 4));

        var run = await Tools.RunAsync(
            [
                "node_modules/.bin/dredd", Document, service.Client.BaseAddress!.ToString().TrimEnd('/'),
                "--hookfiles=./dredd-hooks.cjs", "--loglevel=error", "--color=false",
            ],
            new Dictionary<string, string?> { ["API_KEY"] = GuardedService.Key, ["PICTURE"] = picture });

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("45 passing, 0 failing, 0 errors", run.Output, StringComparison.Ordinal);
    }

    private static Task<ProgramRun> Spectral(string document) =>
        Tools.RunAsync(["node_modules/.bin/spectral", "lint", "--fail-severity", "hint", "--ruleset", ".spectral.yaml", document]);
}

/// <summary>Skipped with the reason if node or the tools are missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ContractFactAttribute : FactAttribute
{
    public ContractFactAttribute() => Skip = InstalledProgram.IsRequired ? null : ApiContractTests.Tools.Missing;
}
