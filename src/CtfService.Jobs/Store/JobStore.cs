using CtfService.Jobs.Databases;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Store;

/// <summary>What the engine needs of a database of jobs.</summary>
internal sealed class JobStore(IDatabase database, JobSignals signals, JobsOptions options)
{
    public IDatabase Database => database;

    public JobSignals Signals => signals;

    public ShardQueue Queue { get; } = new(database, signals, options);

    public JobSweep Sweep { get; } = new(database, signals, options);

    public WebhookQueue Webhooks { get; } = new(database);
}
