namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>With a queue so short that some of the visitors find it full.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class MonitoredService : WatchedService, ICollectionFixture<MonitoredService>
{
    public const string Collection = "monitoring";

    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["Inference:MaxQueuedImages"] = "24",
        ["Telemetry:OtlpEndpoint"] = "http://127.0.0.1:9", // nobody listens, but requests are traced, so there are exemplars
        ["Logging:LogLevel:Default"] = "Warning", // not a line for every visit
    };
}
