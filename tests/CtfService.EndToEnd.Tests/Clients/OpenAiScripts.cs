using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Clients;

/// <summary>Runs the scripts of OpenAiClient/, which call the service with OpenAI's client, and parses their output.</summary>
internal static class OpenAiScripts
{
    public static NodeProject Project { get; } = new("OpenAiClient", "openai");

    /// <summary>The JSON object that the script prints.</summary>
    public static Task<JsonElement> RunAsync(string script, WatchedService service) =>
        RunAsync(script, new Uri(service.Client.BaseAddress!, "/v1"), GuardedService.Key);

    /// <summary>The JSON object that the script prints.</summary>
    /// <param name="address">Where the routes are.</param>
    public static async Task<JsonElement> RunAsync(string script, Uri address, string key)
    {
        var run = await Project.RunAsync([script], new Dictionary<string, string?>
        {
            ["OPENAI_BASE_URL"] = address.ToString(),
            ["OPENAI_API_KEY"] = key,
            ["VISITOR_API_KEY"] = GuardedService.VisitorKey,
        });

        Assert.True(run.ExitCode == 0, $"{script}: {run}");
        return JsonSerializer.Deserialize<JsonElement>(run.Output);
    }
}

/// <summary>Skipped with the reason if node or the client is missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OpenAiFactAttribute : FactAttribute
{
    public OpenAiFactAttribute() => Skip = InstalledProgram.IsRequired ? null : OpenAiScripts.Project.Missing;
}
