using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Security;
using CtfService.Api.Telemetry.Gpu;
using CtfService.Inference.Telemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CtfService.Api.Telemetry;

/// <summary>Configures which metrics and traces are collected and where they are exported.</summary>
internal static class TelemetryExtensions
{
    private const string ServiceName = "ctf-service";

    /// <summary>Meters of .NET: the runtime, http.server.* and kestrel.*, without their internals.</summary>
    private static readonly string[] PlatformMeters = ["System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        // Validated when the host starts.
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
            return; // without a reader nothing is collected
        }

        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? ServiceName, serviceVersion: ThisProgram.Version))
            .WithMetrics(metrics => Collect(metrics, options))
            .SendTo(otlp, builder.Logging, tracing => Trace(tracing, options, hasOwnSampler: builder.Configuration["OTEL_TRACES_SAMPLER"] is not null));
    }

    /// <summary>Starts collecting. Call before anything measures: the first value of a counter would be lost, and the counter not exported.</summary>
    public static void StartTelemetry(this WebApplication app) => _ = app.Services.GetService<MeterProvider>();

    /// <summary>Adds the middleware that records requests; must be first to see all errors and refusals.</summary>
    public static void UseRequestTelemetry(this WebApplication app)
    {
        app.UseRequestIds();
        app.UseMiddleware<RequestTelemetry>();
    }

    /// <summary>Maps <c>/metrics</c> in the Prometheus format, with exemplars if the scraper requests OpenMetrics.</summary>
    public static void MapMetrics(this WebApplication app)
    {
        _ = app.Services.GetService<GpuMetrics>(); // finds the GPUs
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
            metrics.AddPrometheusExporter(exporter => exporter.ScopeInfoEnabled = false); // meter names are unique
        }
    }

    /// <summary>Traces API calls only; probes and scrapes arrive every few seconds and carry no information.</summary>
    private static void Trace(TracerProviderBuilder tracing, TelemetryOptions options, bool hasOwnSampler)
    {
        tracing.AddSource(Tracing.SourceName).AddAspNetCoreInstrumentation(server => server.Filter = http => ApiPaths.Contains(http.Request.Path));
        if (!hasOwnSampler) // OpenTelemetry reads the standard variable itself
        {
            tracing.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(Math.Clamp(options.TraceRatio, 0, 1))));
        }
    }
}
