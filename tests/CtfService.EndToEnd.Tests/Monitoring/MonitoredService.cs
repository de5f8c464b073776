namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>The service with a queue so short that some clients find it full.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class MonitoredService : WatchedService, ICollectionFixture<MonitoredService>
{
    public const string Collection = "monitoring";

    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Inference:MaxQueuedImages"] = "24",
        ["Telemetry:OtlpEndpoint"] = "http://127.0.0.1:9", // nothing listens there, but requests are traced, so exemplars exist
        ["Logging:LogLevel:Default"] = "Warning", // no log line per request
    };
}
