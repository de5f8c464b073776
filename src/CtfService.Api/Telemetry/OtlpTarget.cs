using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Trace;

namespace CtfService.Api.Telemetry;

/// <summary>Where traces, metrics and logs go by OTLP.</summary>
/// <param name="Protocol">Null where the standard variables say.</param>
/// <param name="Endpoint">Null where the standard variables say.</param>
internal sealed record OtlpTarget(OtlpExportProtocol? Protocol, Uri? Endpoint)
{
    /// <summary>The standard variable, understood by OpenTelemetry itself with all its relatives, such as <c>OTEL_EXPORTER_OTLP_HEADERS</c>.</summary>
    public const string Variable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Null where nothing is to be sent. Our own setting wins over the standard variable.</summary>
    public static OtlpTarget? Of(TelemetryOptions options, IConfiguration configuration)
    {
        if (options.OtlpEndpoint.Length > 0)
        {
            return new OtlpTarget(
                options.OtlpProtocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
                Uri.TryCreate(options.OtlpEndpoint, UriKind.Absolute, out var endpoint) ? endpoint : null); // checked with the settings
        }

        return string.IsNullOrEmpty(configuration[Variable]) ? null : new OtlpTarget(Protocol: null, Endpoint: null);
    }
}

/// <summary>Sending by OTLP.</summary>
internal static class OtlpExtensions
{
    /// <summary>Traces are made only where they are sent.</summary>
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
