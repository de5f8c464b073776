using System.Net;
using CtfService.Api.Tests.Security;

namespace CtfService.Api.Tests.Telemetry;

/// <summary>Access to the metrics, and their names. Values are tested elsewhere, because other services of this process use the same meters.</summary>
public sealed class MetricsEndpointTests
{
    [Fact]
    public async Task Metrics_NoKeysAreConfigured_AreServedInPrometheusText()
    {
        await using var api = new TestApi();
        await api.InitializeAsync();
        await api.Generate("""{"class_label": 0}""");

        using var response = await api.Get("/metrics");

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        string[] names =
        [
            "ctf_requests_ended_total{", "gen_ai_server_request_duration_seconds_bucket{", "ctf_queue_images{", "ctf_worker_steps_total{",
            "ctf_model_info{", "process_memory_usage_bytes{", "dotnet_gc_collections_total{",
        ];
        Assert.All(names, name => Assert.Contains($"\n{name}", text, StringComparison.Ordinal));
        Assert.Contains("target_info{service_name=\"ctf-service\",service_version=", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("callers", null, HttpStatusCode.Unauthorized)]
    [InlineData("callers", "guess", HttpStatusCode.Unauthorized)]
    [InlineData("callers", TestKeys.Studio, HttpStatusCode.OK)]
    [InlineData("anyone", null, HttpStatusCode.OK)]
    [InlineData("nobody", TestKeys.Operator, HttpStatusCode.NotFound)]
    public async Task Metrics_KeysAreConfigured_AreLimitedToThoseOfTheSetting(string metricsFor, string? key, HttpStatusCode expected)
    {
        await using var api = TestKeys.Api(("Telemetry:MetricsFor", metricsFor));
        await api.InitializeAsync();

        using var response = await api.Get("/metrics", key is null ? null : TestKeys.Bearer(key));

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Metrics_ManyScrapes_DoNotCountAgainstTheCallersRateLimit()
    {
        await using var api = TestKeys.Api(("Security:RequestsPerMinute", "1"));
        await api.InitializeAsync();
        for (var scrape = 0; scrape < 3; scrape++)
        {
            using var response = await api.Get("/metrics", TestKeys.Bearer(TestKeys.Studio));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }
}
