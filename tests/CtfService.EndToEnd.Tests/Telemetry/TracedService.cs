using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace CtfService.EndToEnd.Tests.Telemetry;

/// <summary>The service with the shipped model, on a real socket, exporting OTLP to a receiver of the tests.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TracedService : WatchedService, ICollectionFixture<TracedService>, IAsyncLifetime
{
    public new const string Name = "traced";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private OtlpReceiver? _receiver;

    internal OtlpReceiver Receiver => _receiver!;

    async Task IAsyncLifetime.InitializeAsync()
    {
        _receiver = await OtlpReceiver.StartAsync();
        await InitializeAsync();
    }

    async Task IAsyncLifetime.DisposeAsync()
    {
        await DisposeAsync();
        await _receiver!.DisposeAsync();
    }

    /// <summary>Sends a request that belongs to a trace of the caller.</summary>
    /// <returns>The trace id and the response.</returns>
    internal async Task<(string TraceId, HttpResponseMessage Response)> PostTraced(string path, string json, bool isSampled = true, string? accept = null)
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-{(isSampled ? "01" : "00")}");
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        var response = await Client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (trace, response);
    }

    /// <summary>Returns the spans of a trace once it includes the request's span, which ends after the response.</summary>
    internal async Task<IReadOnlyList<OtlpSpan>> Spans(string traceId)
    {
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            Assert.True(Services.GetRequiredService<TracerProvider>().ForceFlush());
            var spans = Receiver.Spans.Where(span => span.TraceId == traceId).OrderBy(span => span.Start).ToList();
            if (spans.Exists(span => span.IsRequest))
            {
                return spans;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < Timeout, $"Trace {traceId} has no span of the request.");
            await Task.Yield();
        }
    }

    internal void FlushMetricsAndLogs()
    {
        Services.GetRequiredService<MeterProvider>().ForceFlush(); // returns false, because a scraped exporter sends nothing
        Assert.True(Services.GetRequiredService<LoggerProvider>().ForceFlush());
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        base.ConfigureWebHost(builder);
        builder.UseSetting("OTEL_EXPORTER_OTLP_ENDPOINT", Receiver.Address).UseSetting("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    }
}
