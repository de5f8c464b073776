using System.ComponentModel.DataAnnotations;

namespace CtfService.Gateway.Configuration;

/// <summary>The replicas behind the gateway, and how it treats them. Read once at startup.</summary>
public sealed record GatewayOptions
{
    public const string SectionName = "Gateway";

    /// <summary>
    /// Addresses of the replicas, such as <c>http://10.0.0.5:5080</c>; at least one. An http address whose host name has several IP addresses stands for one
    /// replica at each, and the name is resolved again for every probe.
    /// </summary>
    public IReadOnlyList<string> Replicas { get; init; } = [];

    /// <summary>Time between two probes of a replica's <c>/health/ready</c>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.0500000", "00:01:00")]
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time in which a replica must answer a probe.</summary>
    [Range(typeof(TimeSpan), "00:00:00.0500000", "00:01:00")]
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Number of probes in a row that a replica may answer late before it is out; refusals and 503 count at once.</summary>
    [Range(1, 100)]
    public int MaxLateProbes { get; init; } = 2;

    /// <summary>Time in which a replica must accept a connection.</summary>
    [Range(typeof(TimeSpan), "00:00:00.0500000", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Number of replicas that a request may be sent to, the first included. 1 turns re-sending off.</summary>
    [Range(1, 5)]
    public int Attempts { get; init; } = 2;

    /// <summary>Largest body in bytes that is kept in memory, so that it can be sent again. Larger bodies are streamed and sent once.</summary>
    [Range(0, 16 * 1_024 * 1_024)]
    public int MaxBufferedBytes { get; init; } = 128 * 1_024;

    /// <summary>Longest time in which nothing moves between the gateway and a replica during a request. Must exceed the replicas' deadlines.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time that running requests and streams have to finish after SIGTERM. By default longer than a replica's default deadline.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan ShutdownBudget { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Model of requests that name none. If empty, such requests go to any replica.</summary>
    public string DefaultModel { get; init; } = "";

    /// <summary>
    /// Key that the gateway sends with its own questions for the replicas' models, and with nothing else. If empty and replicas require keys, the gateway
    /// knows the name of each model but not its aliases.
    /// </summary>
    public string ApiKey { get; init; } = "";

    /// <summary>
    /// IP addresses or networks, such as <c>10.0.0.0/8</c>, of proxies in front of the gateway, whose <c>X-Forwarded-*</c> headers are believed.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Who may read <c>/metrics</c>: <c>anyone</c> or <c>nobody</c>.</summary>
    [RegularExpression("anyone|nobody", ErrorMessage = "anyone or nobody")]
    public string MetricsFor { get; init; } = "anyone";
}
