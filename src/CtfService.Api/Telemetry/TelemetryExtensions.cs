using CtfService.Api.Configuration;
using CtfService.Api.Http;
using CtfService.Api.Security;
using CtfService.Api.Telemetry.Gpu;
using CtfService.Inference.Telemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CtfService.Api.Telemetry;

/// <summary>Metrics and traces: what is collected, and where it goes.</summary>
internal static class TelemetryExtensions
{
    private const string ServiceName = "ctf-service";

    /// <summary>Of .NET itself; the host's own http.server.* and kestrel.*, without its many inner parts.</summary>
    private static readonly string[] PlatformMeters = ["System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        // Checked when the host starts.
        var options = new SettingsSection<TelemetryOptions>(builder.Configuration, TelemetryOptions.SectionName).Value;
        builder.Logging.AddConsole(options.LogFormat);
        builder.Services.AddSingleton<RequestMetrics>();
        if (options.Gpu)
        {
            builder.Services.AddGpuMetrics();
        }

        var otlp = OtlpTarget.Of(options, builder.Configuration);
        if (otlp is null && options.MetricsFor == "nobody")
        {
            return; // nothing is collected that nobody gets
        }

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? ServiceName, serviceVersion: ThisProgram.Version))
            .WithMetrics(metrics => Collect(metrics, options))
            .SendTo(otlp, builder.Logging, tracing => Trace(tracing, options, hasOwnSampler: builder.Configuration["OTEL_TRACES_SAMPLER"] is not null));
    }

    /// <summary>Before everything else: errors, refusals and what comes of them are to be seen.</summary>
    public static void UseRequestTelemetry(this WebApplication app)
    {
        app.UseRequestIds();
        app.UseMiddleware<RequestTelemetry>();
    }

    /// <summary><c>/metrics</c> in Prometheus's format, with exemplars where the scraper asks for OpenMetrics.</summary>
    public static void MapMetrics(this WebApplication app)
    {
        _ = app.Services.GetService<GpuMetrics>(); // looks for GPUs
        var options = app.Services.GetRequiredService<TelemetryOptions>();
        if (options.MetricsFor == "nobody")
        {
            return;
        }

        var metrics = app.MapPrometheusScrapingEndpoint("/metrics").DisableHttpMetrics();
        if (options.MetricsFor == "callers")
        {
            metrics.RequireAuthorization(Policies.Caller);
        }
    }

    private static void Collect(MeterProviderBuilder metrics, TelemetryOptions options)
    {
        metrics
            .AddMeter(InferenceMetrics.MeterName, GpuMetrics.MeterName)
            .AddMeter(PlatformMeters)
            .AddProcessInstrumentation()
            .AddView("http.server.request.duration", new ExplicitBucketHistogramConfiguration { Boundaries = [.. BucketBounds.Requests] })
            .SetExemplarFilter(ExemplarFilterType.TraceBased);
        if (options.MetricsFor != "nobody")
        {
            metrics.AddPrometheusExporter(exporter => exporter.ScopeInfoEnabled = false); // no two meters share a name
        }
    }

    /// <summary>Calls of the API alone: probes and scrapes come every few seconds and say nothing.</summary>
    private static void Trace(TracerProviderBuilder tracing, TelemetryOptions options, bool hasOwnSampler)
    {
        tracing.AddSource(Tracing.SourceName).AddAspNetCoreInstrumentation(server => server.Filter = http => ApiPaths.Contains(http.Request.Path));
        if (!hasOwnSampler) // the standard variable, which OpenTelemetry reads itself
        {
            tracing.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(Math.Clamp(options.TraceRatio, 0, 1))));
        }
    }
}
