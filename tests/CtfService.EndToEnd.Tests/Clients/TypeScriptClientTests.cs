using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>
/// A program that uses the types that openapi-typescript generates from docs/openapi.json compiles and draws images with the running service.
/// </summary>
[Collection(GuardedServiceCollection.Name)]
public sealed class TypeScriptClientTests(GuardedService service)
{
    internal static NodeProject Project { get; } = new("TypeScriptClient", "openapi-typescript");

    [TypeScriptFact]
    public async Task Draw_RandomSeededAndStreamed_AnswersWhatIsAskedFor()
    {
        await Run("node_modules/openapi-typescript/bin/cli.js", RepositoryFolder.File("docs", "openapi.json"), "--output", "generated/api.d.ts");
        await Run("node_modules/typescript/bin/tsc");

        var found = JsonSerializer.Deserialize<JsonElement>(await Run("generated/draw.js"));

        Assert.NotEqual(Image(found, "one"), Image(found, "other"));
        Assert.Equal(9_007_199_254_740_991, found.GetProperty("seeded").GetProperty("seed").GetInt64());
        Assert.Equal(Image(found, "seeded"), Image(found, "again"));
        Assert.Equal(Image(found, "seeded"), Image(found, "streamed"));
    }

    private async Task<string> Run(params string[] arguments)
    {
        var run = await Project.RunAsync(arguments, new Dictionary<string, string?>
        {
            ["SERVICE_URL"] = service.Client.BaseAddress!.ToString().TrimEnd('/'),
            ["API_KEY"] = GuardedService.Key,
        });
        Assert.True(run.ExitCode == 0, $"{arguments[0]}: {run}");
        return run.Output;
    }

    private static string? Image(JsonElement found, string name) => found.GetProperty(name).GetProperty("b64_json").GetString();
}

/// <summary>Skipped with the reason if node or the packages are missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TypeScriptFactAttribute : FactAttribute
{
    public TypeScriptFactAttribute() => Skip = InstalledProgram.IsRequired ? null : TypeScriptClientTests.Project.Missing;
}
