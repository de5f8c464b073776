namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>With a queue so short that some of the visitors find it full.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class MonitoredService : WatchedService, ICollectionFixture<MonitoredService>
{
    public const string Collection = "monitoring";

    protected override IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string> { ["Inference:MaxQueuedImages"] = "24" };
}
