using System.Reflection;
using System.Text.RegularExpressions;
using CtfService.Gateway.Telemetry;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;

namespace CtfService.Gateway.Tests;

/// <summary>docs/gateway.md lists every log event and metric of the gateway.</summary>
public sealed partial class TelemetryDocumentTests
{
    private static readonly string Document = File.ReadAllText(RepositoryFolder.File("docs", "gateway.md"));

    private static readonly IReadOnlyList<LoggerMessageAttribute> Events =
    [
        .. typeof(GatewayEventIds).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .SelectMany(method => method.GetCustomAttributes<LoggerMessageAttribute>())
            .OrderBy(log => log.EventId),
    ];

    [Fact]
    public void Events_OfTheCode_AreTheNamedConstants() => Assert.Equal(
        typeof(GatewayEventIds).GetFields().Select(field => (int)field.GetRawConstantValue()!).Order(),
        Events.Select(log => log.EventId));

    [Fact]
    public void Table_OfEvents_ListsEachWithItsLevel() => Assert.Equal(
        Events.Select(log => $"{log.EventId} {log.Level.ToString().ToLowerInvariant()}"),
        EventRow().Matches(Document).Select(row => $"{row.Groups["id"].Value} {row.Groups["level"].Value}"));

    [Fact]
    public async Task Table_OfMetrics_ListsEachThatIsExported()
    {
        await using var a = await FakeReplica.StartAsync("a");
        await using var gateway = await TestGateway.StartAsync(a);
        await gateway.PostText("{}");

        var exported = MetricType().Matches(await gateway.Client.GetStringAsync("/metrics")).Select(type => type.Groups["name"].Value).Order().ToList();

        Assert.Equal(4, exported.Count);
        Assert.Equal(exported, MetricRow().Matches(Document).Select(row => row.Groups["name"].Value).Order());
    }

    [GeneratedRegex(@"^\| (?<id>5[0-9]{3}) \| (?<level>[a-z]+) \|", RegexOptions.Multiline)]
    private static partial Regex EventRow();

    [GeneratedRegex(@"^\| `ctf\.gateway\.[a-z_]+` \|.*?\| `(?<name>ctf_gateway_[a-z_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex MetricRow();

    [GeneratedRegex(@"^# TYPE (?<name>ctf_gateway_[a-z_]+) ", RegexOptions.Multiline)]
    private static partial Regex MetricType();
}
