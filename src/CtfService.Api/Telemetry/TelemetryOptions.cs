using System.ComponentModel.DataAnnotations;

namespace CtfService.Api.Telemetry;

/// <summary>What the service says of itself, and to whom. Read once at start.</summary>
public sealed record TelemetryOptions
{
    public const string SectionName = "Telemetry";

    /// <summary>
    /// Where traces, metrics and logs are sent by OTLP, such as <c>http://localhost:4317</c>. Default empty: the environment variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, and where that is
    /// not set either, nowhere.
    /// </summary>
    [RegularExpression(@"^(https?://(\[[0-9A-Fa-f:]+\]|[^\s/:\[\]]+)(:[0-9]{1,5})?(/\S*)?)?$", ErrorMessage = "an http or https address, or nothing")]
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>How: <c>grpc</c> (default, commonly port 4317) or <c>http/protobuf</c> (4318).</summary>
    [Required]
    [RegularExpression("^(grpc|http/protobuf)$", ErrorMessage = "grpc or http/protobuf")]
    public string OtlpProtocol { get; init; } = "grpc";

    /// <summary>Share of requests that are traced where the caller's <c>traceparent</c> does not say. 0..1, default 1.</summary>
    [Range(0.0, 1.0)]
    public double TraceRatio { get; init; } = 1;

    /// <summary>Who may read <c>/metrics</c>: <c>callers</c> (default: whoever may call /v1, with a key where keys are asked for), <c>anyone</c> who can connect, or <c>nobody</c>.</summary>
    [Required]
    [RegularExpression("^(callers|anyone|nobody)$", ErrorMessage = "callers, anyone or nobody")]
    public string MetricsFor { get; init; } = "callers";

    /// <summary>Form of the log: <c>text</c> for people, <c>json</c> for programs, <c>auto</c> (default: JSON in a container, else text).</summary>
    [Required]
    [RegularExpression("^(auto|json|text)$", ErrorMessage = "auto, json or text")]
    public string LogFormat { get; init; } = "auto";

    /// <summary>Whether figures of NVIDIA GPUs are read, default true. Without NVIDIA's driver there are none either way.</summary>
    public bool Gpu { get; init; } = true;
}
