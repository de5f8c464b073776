using System.Text.RegularExpressions;
using CtfService.TestSupport;
using CtfService.TestSupport.Deployment;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>The shipped rules and dashboards against a real Prometheus that watches the service at work: whatever they ask for is there.</summary>
[Collection(MonitoredService.Collection)]
public sealed partial class PrometheusTests(MonitoredService service, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [PrometheusFact]
    public async Task Expressions_OfDashboardsAndRules_AllReturnData()
    {
        using var prometheus = await PrometheusServer.Start(service.Client.BaseAddress!);
        await using var visitors = await Visitors.Come(service);

        var empty = await WithoutData(prometheus, [.. Expression.All.Where(expression => !expression.NeedsGpu)]);

        Assert.True(empty.Count == 0, $"No data for\n{string.Join('\n', empty)}");
        await AssertRulesAreWell(prometheus);
        await AssertExemplarsLeadToTraces(prometheus);
        await AssertAllIsDocumented(prometheus);
        var devices = Expression.All.Where(expression => expression.NeedsGpu).ToList();
        Assert.NotEmpty(devices);
        foreach (var expression in devices)
        {
            output.WriteLine($"{expression}: {(await prometheus.Query(expression.PromQl)).Count} series"); // none without a GPU, but a valid question
        }

        output.WriteLine($"{Expression.All.Count - devices.Count} expressions with data, {devices.Count} about GPUs.");
    }

    /// <summary>Asks until every expression has had a number for an answer, or patience ends.</summary>
    private static async Task<IReadOnlyList<Expression>> WithoutData(PrometheusServer prometheus, IReadOnlyList<Expression> expressions)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (expressions.Count > 0 && !patience.IsCancellationRequested)
        {
            await pause.WaitForNextTickAsync();
            var unanswered = new List<Expression>();
            foreach (var expression in expressions)
            {
                if (!(await prometheus.Query(expression.PromQl)).Any(double.IsFinite))
                {
                    unanswered.Add(expression);
                }
            }

            expressions = unanswered;
        }

        return expressions;
    }

    private static async Task AssertRulesAreWell(PrometheusServer prometheus)
    {
        var groups = (await prometheus.Get("/api/v1/rules")).GetProperty("groups").EnumerateArray();
        var rules = groups.SelectMany(group => group.GetProperty("rules").EnumerateArray()).ToList();

        Assert.Equal(PrometheusRule.All.Select(rule => rule.Name).Order(), rules.Select(rule => rule.GetProperty("name").GetString()!).Order());
        Assert.All(rules, rule => Assert.Equal("ok", rule.GetProperty("health").GetString()));
    }

    /// <summary>By the label that Grafana's data source is told of.</summary>
    private static async Task AssertExemplarsLeadToTraces(PrometheusServer prometheus)
    {
        var source = YamlFile.Read("deploy", "grafana", "provisioning", "datasources", "datasources.yml")["datasources"]![0]!;
        var label = (string)source["jsonData"]!["exemplarTraceIdDestinations"]![0]!["name"]!;

        var series = await prometheus.Get("/api/v1/query_exemplars?query=gen_ai_server_request_duration_seconds_bucket&start=0&end=9999999999");

        var labels = series.EnumerateArray().SelectMany(each => each.GetProperty("exemplars").EnumerateArray()).Select(exemplar => exemplar.GetProperty("labels")).ToList();
        Assert.NotEmpty(labels);
        Assert.All(labels, each => Assert.Matches("^[0-9a-f]{32}$", each.GetProperty(label).GetString()));
    }

    /// <summary>Every metric of ours that the service has shown, by its name in Prometheus; and no families of others but those that are named.</summary>
    private static async Task AssertAllIsDocumented(PrometheusServer prometheus)
    {
        var documents = File.ReadAllText(RepositoryFolder.File("docs", "operations.md")) + File.ReadAllText(RepositoryFolder.File("docs", "operations", "telemetry.md"));
        var names = (await prometheus.Get("/api/v1/label/__name__/values?match[]={job=\"ctf-service\"}")).EnumerateArray().Select(name => name.GetString()!);
        var metrics = names.Where(name => !OfOthers().IsMatch(name)).Select(name => PartOfHistogram().Replace(name, "")).Distinct().ToList();

        Assert.NotEmpty(metrics);
        Assert.All(metrics, metric => Assert.True(documents.Contains(metric, StringComparison.Ordinal), $"{metric} is described nowhere."));
    }

    /// <summary>Prometheus' own notes, what rules have recorded, and families that .NET and OpenTelemetry describe.</summary>
    [GeneratedRegex("^(up|scrape_.*|ALERTS.*|.*:.*|target_info|(http_server|kestrel|process|dotnet)_.*)$")]
    private static partial Regex OfOthers();

    [GeneratedRegex("(?<=_seconds|_rows)_(bucket|sum|count)$")]
    private static partial Regex PartOfHistogram();
}
