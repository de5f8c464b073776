using CtfService.Gateway.Configuration;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CtfService.Gateway.Telemetry;

/// <summary>Logs to the console, metrics for Prometheus, traces to the collector that OpenTelemetry's standard variables name.</summary>
internal static class TelemetryExtensions
{
    private const string ServiceName = "ctf-gateway";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        AddConsole(builder.Logging);
        builder.Services.AddSingleton<GatewayMetrics>();
        var hasCollector = builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? ServiceName))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(GatewayMetrics.MeterName, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel");
                metrics.AddProcessInstrumentation().AddPrometheusExporter(exporter => exporter.ScopeInfoEnabled = false);
                if (hasCollector)
                {
                    metrics.AddOtlpExporter();
                }
            });
        if (hasCollector)
        {
            telemetry.WithTracing(tracing => tracing
                .AddSource("System.Net.Http") // the span of each sending
                .AddAspNetCoreInstrumentation(server => server.Filter = http => http.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase))
                .AddOtlpExporter());
        }
    }

    public static void MapMetrics(this WebApplication app)
    {
        if (app.Services.GetRequiredService<GatewayOptions>().MetricsFor != "nobody")
        {
            app.MapPrometheusScrapingEndpoint("/metrics").DisableHttpMetrics();
        }
    }

    /// <summary>JSON in containers, lines of text elsewhere.</summary>
    private static void AddConsole(ILoggingBuilder logging)
    {
        if (Environment.GetEnvironmentVariable("DOTNET_RUNNING_IN_CONTAINER") is "1" or "true")
        {
            logging.AddJsonConsole(console =>
            {
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                console.IncludeScopes = true; // trace and span
            });
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss ";
            });
        }
    }
}
