using System.Globalization;
using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.Deploy.Tests;

/// <summary>The service's settings as environment variables name them.</summary>
internal static class Settings
{
    private static readonly JsonNode Json = JsonNode.Parse(File.ReadAllText(RepositoryFolder.File("appsettings.json")))!;

    /// <summary>Read by .NET or OpenTelemetry, not by appsettings.json.</summary>
    private static readonly string[] OfOthers = ["Urls", "OTEL_EXPORTER_OTLP_ENDPOINT"];

    /// <summary>Every key of appsettings.json, with __ for each colon; lists by their own name.</summary>
    public static IReadOnlySet<string> Known { get; } =
        Keys(Json, "").Concat(OfOthers).ToHashSet(StringComparer.Ordinal);

    /// <summary>Fails where a variable sets nothing: a misspelt key is refused at start or, worse, ignored.</summary>
    public static void AssertKnown(IEnumerable<string> variables) =>
        Assert.All(variables, variable => Assert.True(
            Known.Contains(variable) || Known.Any(list => variable.StartsWith($"{list}__", StringComparison.Ordinal)),
            $"{variable} is no setting of appsettings.json."));

    /// <summary>From SIGTERM to the end: the shutdown budget, and what the host takes after it.</summary>
    public static TimeSpan TimeToStop(string shutdownBudget) => TimeSpan.Parse(shutdownBudget, CultureInfo.InvariantCulture) + TimeSpan.FromSeconds(5);

    /// <summary>The same with the budget of appsettings.json.</summary>
    public static TimeSpan TimeToStop() => TimeToStop((string)Json["Inference"]!["ShutdownBudget"]!);

    private static IEnumerable<string> Keys(JsonNode node, string path) => node is JsonObject section
        ? section.SelectMany(pair => Keys(pair.Value!, path.Length == 0 ? pair.Key : $"{path}__{pair.Key}"))
        : [path];
}
