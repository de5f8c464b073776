using System.Text.RegularExpressions;
using CtfService.EndToEnd.Tests.Gateway;
using CtfService.TestSupport;
using CtfService.TestSupport.Deployment;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>Every query of the shipped rules and dashboards returns data from a real Prometheus that scrapes the service under load.</summary>
[Collection(MonitoredService.Collection)]
public sealed partial class PrometheusTests(MonitoredService service, ITestOutputHelper output)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    [PrometheusFact]
    public async Task Expressions_OfDashboardsAndRules_AllReturnData()
    {
        using var gateway = new ClusterProcess("CtfService.Gateway", $"--Gateway:Replicas:0={service.Client.BaseAddress}");
        await gateway.StartAsync();
        using var prometheus = await PrometheusServer.Start(service.Client.BaseAddress!, new Uri(gateway.Address));
        await using var clients = await ConcurrentClients.Start(service, new Uri(gateway.Address));

        var empty = await WithoutData(prometheus, [.. Expression.All.Where(expression => !expression.NeedsGpu)]);

        Assert.True(empty.Count == 0, $"No data for\n{string.Join('\n', empty)}");
        await AssertRulesAreWell(prometheus);
        await AssertExemplarsLeadToTraces(prometheus);
        await AssertAllIsDocumented(prometheus);
        var devices = Expression.All.Where(expression => expression.NeedsGpu).ToList();
        Assert.NotEmpty(devices);
        foreach (var expression in devices)
        {
            output.WriteLine($"{expression}: {(await prometheus.Query(expression.PromQl)).Count} series"); // none without a GPU, but the query is valid
        }

        output.WriteLine($"{Expression.All.Count - devices.Count} expressions with data, {devices.Count} about GPUs.");
    }

    /// <summary>Queries until every expression has returned a number or the time limit is reached.</summary>
    private static async Task<IReadOnlyList<Expression>> WithoutData(PrometheusServer prometheus, IReadOnlyList<Expression> expressions)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (expressions.Count > 0 && !timeout.IsCancellationRequested)
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

    /// <summary>Exemplars carry the label that Grafana's data source is configured for.</summary>
    private static async Task AssertExemplarsLeadToTraces(PrometheusServer prometheus)
    {
        var source = YamlFile.Read("deploy", "grafana", "provisioning", "datasources", "datasources.yml")["datasources"]![0]!;
        var label = (string)source["jsonData"]!["exemplarTraceIdDestinations"]![0]!["name"]!;

        var series = await prometheus.Get("/api/v1/query_exemplars?query=gen_ai_server_request_duration_seconds_bucket&start=0&end=9999999999");

        var labels = series.EnumerateArray()
            .SelectMany(each => each.GetProperty("exemplars").EnumerateArray())
            .Select(exemplar => exemplar.GetProperty("labels"))
            .ToList();
        Assert.NotEmpty(labels);
        Assert.All(labels, each => Assert.Matches("^[0-9a-f]{32}$", each.GetProperty(label).GetString()));
    }

    /// <summary>Every metric of the service is documented under its Prometheus name, and no other metric families exist but the named ones.</summary>
    private static async Task AssertAllIsDocumented(PrometheusServer prometheus)
    {
        var documents = File.ReadAllText(RepositoryFolder.File("docs", "operations.md"))
            + File.ReadAllText(RepositoryFolder.File("docs", "operations", "telemetry.md"));
        var names = (await prometheus.Get("/api/v1/label/__name__/values?match[]={job=\"ctf-service\"}")).EnumerateArray().Select(name => name.GetString()!);
        var metrics = names.Where(name => !OfOthers().IsMatch(name)).Select(name => PartOfHistogram().Replace(name, "")).Distinct().ToList();

        Assert.NotEmpty(metrics);
        Assert.All(metrics, metric => Assert.True(documents.Contains(metric, StringComparison.Ordinal), $"{metric} is not documented."));
    }

    /// <summary>Metrics of Prometheus itself, recorded rules, and families that .NET and OpenTelemetry document.</summary>
    [GeneratedRegex("^(up|scrape_.*|ALERTS.*|.*:.*|target_info|(http_server|kestrel|process|dotnet)_.*)$")]
    private static partial Regex OfOthers();

    [GeneratedRegex("(?<=_seconds|_rows)_(bucket|sum|count)$")]
    private static partial Regex PartOfHistogram();
}
