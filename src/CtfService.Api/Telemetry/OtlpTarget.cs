using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Trace;

namespace CtfService.Api.Telemetry;

/// <summary>Target of the OTLP export of traces, metrics and logs.</summary>
/// <param name="Protocol">Protocol; null if the standard variables apply.</param>
/// <param name="Endpoint">Endpoint; null if the standard variables apply.</param>
internal sealed record OtlpTarget(OtlpExportProtocol? Protocol, Uri? Endpoint)
{
    /// <summary>The standard variable. OpenTelemetry reads it and all related ones, such as <c>OTEL_EXPORTER_OTLP_HEADERS</c>, itself.</summary>
    public const string Variable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Returns the target; null if nothing is exported. The setting takes precedence over the standard variable.</summary>
    public static OtlpTarget? Of(TelemetryOptions options, IConfiguration configuration)
    {
        if (options.OtlpEndpoint.Length > 0)
        {
            return new OtlpTarget(
                options.OtlpProtocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
                Uri.TryCreate(options.OtlpEndpoint, UriKind.Absolute, out var endpoint) ? endpoint : null); // validated with the settings
        }

        return string.IsNullOrEmpty(configuration[Variable]) ? null : new OtlpTarget(Protocol: null, Endpoint: null);
    }
}

/// <summary>Adds the OTLP export.</summary>
internal static class OtlpExtensions
{
    /// <summary>Exports to the target, if any. Traces are collected only if they are exported.</summary>
    public static void SendTo(this OpenTelemetryBuilder telemetry, OtlpTarget? target, ILoggingBuilder logging, Action<TracerProviderBuilder> trace)
    {
        if (target is null)
        {
            return;
        }

        telemetry.WithTracing(trace).WithLogging(configureBuilder: null, options => options.IncludeFormattedMessage = true);
        if (target is { Protocol: { } protocol, Endpoint: { } endpoint })
        {
            telemetry.UseOtlpExporter(protocol, endpoint);
        }
        else
        {
            telemetry.UseOtlpExporter();
        }
    }
}
