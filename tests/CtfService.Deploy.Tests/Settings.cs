using System.Globalization;
using System.Text.Json.Nodes;
using CtfService.TestSupport;

namespace CtfService.Deploy.Tests;

/// <summary>The settings of the service as environment variables.</summary>
internal static class Settings
{
    private static readonly JsonNode Json = JsonNode.Parse(File.ReadAllText(RepositoryFolder.File("appsettings.json")))!;

    /// <summary>Variables of .NET or OpenTelemetry that are not in appsettings.json.</summary>
    private static readonly string[] OfOthers = ["Urls", "OTEL_EXPORTER_OTLP_ENDPOINT"];

    /// <summary>All keys of appsettings.json, with __ for each colon. A list has one name.</summary>
    public static IReadOnlySet<string> Known { get; } =
        Keys(Json, "").Concat(OfOthers).ToHashSet(StringComparer.Ordinal);

    /// <summary>Fails if a variable is not a setting: a misspelt key is rejected at start or, worse, ignored.</summary>
    public static void AssertKnown(IEnumerable<string> variables) =>
        Assert.All(variables, variable => Assert.True(
            Known.Contains(variable) || Known.Any(list => variable.StartsWith($"{list}__", StringComparison.Ordinal)),
            $"{variable} is no setting of appsettings.json."));

    /// <summary>The time from SIGTERM to the end: the shutdown budget plus the time of the host.</summary>
    public static TimeSpan TimeToStop(string shutdownBudget) => TimeSpan.Parse(shutdownBudget, CultureInfo.InvariantCulture) + TimeSpan.FromSeconds(5);

    /// <summary>As the overload, with the budget of appsettings.json.</summary>
    public static TimeSpan TimeToStop() => TimeToStop((string)Json["Inference"]!["ShutdownBudget"]!);

    private static IEnumerable<string> Keys(JsonNode node, string path) => node is JsonObject section
        ? section.SelectMany(pair => Keys(pair.Value!, path.Length == 0 ? pair.Key : $"{path}__{pair.Key}"))
        : [path];
}
