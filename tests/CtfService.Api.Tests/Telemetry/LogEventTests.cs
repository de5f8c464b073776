using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using CtfService.Inference.Telemetry;
using CtfService.Jobs.Telemetry;
using CtfService.Model.Generation;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Telemetry;

/// <summary>Log events: each id is unique and has a named constant, and the documents list all of them.</summary>
public sealed partial class LogEventTests
{
    private static readonly IReadOnlyList<LoggerMessageAttribute> Events =
    [
        .. new[] { typeof(Program).Assembly, typeof(EventIds).Assembly, typeof(JobEventIds).Assembly, typeof(CtfImageGeneratorFactory).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(
                BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .SelectMany(method => method.GetCustomAttributes<LoggerMessageAttribute>())
            .OrderBy(log => log.EventId),
    ];

    [Fact]
    public void EventIds_OfAllAssemblies_AreUnique()
    {
        Assert.NotEmpty(Events);
        Assert.Empty(Events.GroupBy(log => log.EventId).Where(same => same.Count() > 1)
            .Select(same => $"{same.Key}: {string.Join(" and ", same.Select(log => log.Message))}"));
    }

    [Fact]
    public void EventIds_OfAllAssemblies_AreTheNamedConstants()
    {
        var named = new[] { typeof(EventIds), typeof(JobEventIds) }
            .SelectMany(ids => ids.GetFields(BindingFlags.Static | BindingFlags.Public))
            .Select(field => (int)field.GetRawConstantValue()!);

        Assert.Equal(named.Order(), Events.Select(log => log.EventId));
    }

    [Fact]
    public void Table_OfTheDocuments_ListsEveryEventWithItsLevel()
    {
        var table = File.ReadAllText(RepositoryFolder.File("docs", "operations", "telemetry.md"));

        var listed = Row().Matches(table).Select(row => $"{row.Groups["id"].Value} {row.Groups["level"].Value}");

        Assert.Equal(Events.Select(log => $"{log.EventId} {log.Level.ToString().ToLowerInvariant()}"), listed);
    }

    [Fact]
    public void Documents_EventsTheyName_Exist()
    {
        var documents = Directory.EnumerateFiles(RepositoryFolder.File("docs"), "*.md", SearchOption.AllDirectories);

        var named = documents.SelectMany(file => Mention().Matches(File.ReadAllText(file))
            .Select(mention => (File: Path.GetFileName(file), Id: int.Parse(mention.Groups["id"].Value, CultureInfo.InvariantCulture))));

        // The gateway is another program, which these tests do not load.
        var ofGateway = File.ReadAllText(RepositoryFolder.File("src", "CtfService.Gateway", "Telemetry", "GatewayEventIds.cs"));
        Assert.All(named, mention => Assert.True(
            Events.Any(log => log.EventId == mention.Id) || ofGateway.Contains($"= {mention.Id};", StringComparison.Ordinal), $"There is no event {mention}."));
    }

    [GeneratedRegex(@"^\| (?<id>[0-9]{4}) \| (?<level>[a-z]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\bevent (?<id>[0-9]{4})\b")]
    private static partial Regex Mention();
}
