using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Telemetry;

/// <summary>Export of traces, metrics and logs. Read once at startup.</summary>
public sealed record TelemetryOptions
{
    public const string SectionName = "Telemetry";

    /// <summary>
    /// OTLP endpoint that receives traces, metrics and logs, such as <c>http://localhost:4317</c>. If empty, the environment variable
    /// <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> applies; if that is not set either, nothing is exported.
    /// </summary>
    [RegularExpression(@"^(https?://(\[[0-9A-Fa-f:]+\]|[^\s/:\[\]]+)(:[0-9]{1,5})?(/\S*)?)?$", ErrorMessage = "an http or https address, or nothing")]
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>OTLP protocol: <c>grpc</c> (usually port 4317) or <c>http/protobuf</c> (usually port 4318).</summary>
    [Required]
    [RegularExpression("^(grpc|http/protobuf)$", ErrorMessage = "grpc or http/protobuf")]
    public string OtlpProtocol { get; init; } = "grpc";

    /// <summary>Fraction of requests that are traced, 0 to 1, unless the caller's <c>traceparent</c> header decides.</summary>
    [Range(0.0, 1.0)]
    public double TraceRatio { get; init; } = 1;

    /// <summary>
    /// Clients that may read <c>/metrics</c>: <c>callers</c> (clients that may call <c>/v1</c>), <c>anyone</c> who can connect, or <c>nobody</c>.
    /// </summary>
    [Required]
    [RegularExpression("^(callers|anyone|nobody)$", ErrorMessage = "callers, anyone or nobody")]
    public string MetricsFor { get; init; } = "callers";

    /// <summary>Log format: <c>text</c>, <c>json</c>, or <c>auto</c> (JSON in a container, text otherwise).</summary>
    [Required]
    [RegularExpression("^(auto|json|text)$", ErrorMessage = "auto, json or text")]
    public string LogFormat { get; init; } = "auto";

    /// <summary>Reads NVIDIA GPU metrics through NVIDIA's management library, if the driver is installed.</summary>
    public bool Gpu { get; init; } = true;
}
