using CtfService.Jobs.Databases;
using CtfService.Jobs.Engine;
using CtfService.Jobs.Store;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Jobs.Tests;

/// <summary>A store of jobs and workers on it, all in one process.</summary>
internal sealed class JobsBench : IAsyncDisposable
{
    private readonly List<JobEngine> _engines = [];
    private readonly TestMeters _meters = new();

    public JobsBench(IDatabase database, TimeProvider clock, JobsOptions options)
    {
        (Database, Clock, Options) = (database, clock, options);
        Store = new JobStore(database, Signals, options);
        Jobs = new SqlJobService(database, Signals, clock);
        Metrics = new JobMetrics(_meters);
        Uploads = new SqlUploadCatalog(database, Signals);
        Retention = new Retention(Store, [Handler], Files, clock, new FakeLogger<Retention>());
    }

    public IDatabase Database { get; }

    public TimeProvider Clock { get; }

    public JobsOptions Options { get; }

    public JobSignals Signals { get; } = new();

    public JobStore Store { get; }

    public IJobService Jobs { get; }

    public IUploadCatalog Uploads { get; }

    public FakeJobHandler Handler { get; } = new();

    public MemoryFileStore Files { get; } = new();

    public JobMetrics Metrics { get; }

    public Retention Retention { get; }

    public FakeLogger<ShardRunner> ShardLog { get; } = new();

    public FakeLogger<JobEngine> EngineLog { get; } = new();

    public TestMeters Meters => _meters;

    /// <summary>Starts a worker.</summary>
    public async Task<JobEngine> StartAsync(IJobHandler? handler = null)
    {
        var runner = new ShardRunner(Store, [handler ?? Handler], Options, Metrics, Clock, ShardLog);
        var engine = new JobEngine(Store, runner, Retention, Metrics, Options, new HostLife(Task.CompletedTask, CancellationToken.None), Clock, EngineLog);
        _engines.Add(engine);
        await engine.StartAsync(CancellationToken.None);
        return engine;
    }

    /// <summary>Lets time pass: moves a fake clock and wakes the workers, or waits.</summary>
    public Task PassAsync(TimeSpan time)
    {
        if (Clock is not FakeTimeProvider fake)
        {
            return Task.Delay(time, Clock);
        }

        fake.Advance(time);
        Signals.Changed("time");
        return Task.CompletedTask;
    }

    /// <summary>Completes when a condition holds, which workers bring about.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var changes = Signals.Subscribe(job: null);
        while (!await condition())
        {
            await changes.WaitAsync(TimeSpan.FromMilliseconds(20), TimeProvider.System, timeout.Token);
        }
    }

    public Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <summary>Claims work as a worker without an engine, which never renews its lease.</summary>
    public async Task<Claim?> ClaimAsync(string worker, bool isIdle = true) =>
        (await Store.Queue.ClaimAsync(worker, $",{FakeJobHandler.TestKind},", isIdle, CancellationToken.None)).Claim;

    /// <summary>Creates a job and cuts it into shards.</summary>
    public async Task<Job> CreatePreparedAsync(string specification, string tenant = "", int weight = 1)
    {
        var job = await CreateAsync(specification, tenant, weight);
        var claim = (await ClaimAsync("preparer"))!;
        Assert.Equal((job.Id, Phase.Preparation), (claim.Job.Id, claim.Phase));
        Assert.True(await Store.Queue.PreparedAsync(claim, FakeJobHandler.PlanOf(job), CancellationToken.None));
        return await FindAsync(job);
    }

    public async Task<IReadOnlyList<Shard>> ShardsAsync(Job job) => await Store.Queue.ShardsAsync(job.Id, CancellationToken.None);

    public Task<Job> CreateAsync(string specification, string tenant = "", int weight = 1, TimeSpan? lifetime = null) => Jobs.CreateAsync(
        new NewJob(JobIds.New("job_"), FakeJobHandler.TestKind, tenant, weight, specification, lifetime ?? TimeSpan.FromDays(1)), CancellationToken.None);

    public async Task<Job> FindAsync(Job job) => (await Jobs.FindAsync(job.Tenant, job.Kind, job.Id, CancellationToken.None))!;

    /// <summary>Completes when a job has ended.</summary>
    public async Task<Job> EndedAsync(Job job)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var now in Jobs.WatchAsync(job.Tenant, job.Kind, job.Id, timeout.Token))
        {
            job = now;
        }

        return job;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var engine in _engines)
        {
            await engine.StopAsync(CancellationToken.None);
            engine.Dispose();
        }

        Database.Dispose();
        _meters.Dispose();
    }
}
