using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>Runs the scripts of OpenAiClient/, which call the service with OpenAI's own client, and reads what they print.</summary>
internal static class OpenAiScripts
{
    private const string RelativeFolder = "tests/CtfService.EndToEnd.Tests/OpenAiClient";

    private static readonly string Folder = RepositoryFolder.File(RelativeFolder);

    private static readonly string? Node = InstalledProgram.Find("node");

    /// <summary>What this machine lacks and how to get it; null where nothing is missing.</summary>
    public static string? Missing { get; } =
        Node is null ? "There is no node on the search path. Install Node.js 20 or later."
        : !Directory.Exists(Path.Combine(Folder, "node_modules", "openai")) ? $"OpenAI's client is not installed. Run: npm ci --prefix {RelativeFolder}"
        : null;

    /// <summary>The one object that the script prints.</summary>
    public static async Task<JsonElement> RunAsync(string script, WatchedService service)
    {
        Assert.True(Missing is null, Missing);
        var run = await ProgramRun.Of(Node!, [script], Folder, new Dictionary<string, string?>
        {
            ["OPENAI_BASE_URL"] = new Uri(service.Client.BaseAddress!, "/v1").ToString(),
            ["OPENAI_API_KEY"] = GuardedService.Key,
            ["VISITOR_API_KEY"] = GuardedService.VisitorKey,
        });

        Assert.True(run.ExitCode == 0, $"{script}: {run}");
        return JsonSerializer.Deserialize<JsonElement>(run.Output);
    }
}

/// <summary>Skipped, with the reason, where node or the client is missing and the gate does not run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OpenAiFactAttribute : FactAttribute
{
    public OpenAiFactAttribute() => Skip = InstalledProgram.MustBeThere ? null : OpenAiScripts.Missing;
}
