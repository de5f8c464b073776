using System.Text.Json.Nodes;
using CtfService.TestSupport.Deployment;

namespace CtfService.Deploy.Tests.Collector;

/// <summary>The configuration of the collector: every pipeline uses configured components, and every component is used.</summary>
public sealed class CollectorTests
{
    private static readonly JsonNode Configuration = YamlFile.Read("deploy", "otel-collector", "config.yaml");

    private static readonly JsonObject Pipelines = Configuration["service"]!["pipelines"]!.AsObject();

    [Theory]
    [InlineData("receivers")]
    [InlineData("processors")]
    [InlineData("exporters")]
    public void Components_OfAllPipelines_AreConfigured(string kind)
    {
        var used = Pipelines.SelectMany(pipeline => pipeline.Value![kind]!.AsArray()).Select(part => (string)part!).Distinct();

        Assert.Equal(Configuration[kind]!.AsObject().Select(pair => pair.Key).Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Pipelines_OfTheService_ReceiveAllSignals() => Assert.Equal(["traces", "logs", "metrics"], Pipelines.Select(pipeline => pipeline.Key));

    [Fact]
    public void Processors_OfAllPipelines_StartWithTheMemoryLimiter() =>
        Assert.All(Pipelines, pipeline => Assert.Equal("memory_limiter", (string)pipeline.Value!["processors"]![0]!));

    [Fact]
    public void OwnMetrics_ArePublishedWherePrometheusScrapes()
    {
        var own = Configuration["service"]!["telemetry"]!["metrics"]!["readers"]![0]!["pull"]!["exporter"]!["prometheus"]!;
        var jobs = YamlFile.Read("deploy", "prometheus", "prometheus.yml")["scrape_configs"]!.AsArray();
        var job = jobs.Single(each => (string)each!["job_name"]! == "otel-collector")!;

        Assert.Equal($"otel-collector:{own["port"]}", (string)job["static_configs"]![0]!["targets"]![0]!);
    }
}
