using System.Diagnostics;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Tests.Databases;
using CtfService.Jobs.Work;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace CtfService.Jobs.Tests.Telemetry;

/// <summary>What metrics and spans say about jobs.</summary>
[Collection(TestDatabases.Collection)]
public sealed class JobTelemetryTests(TestDatabases databases)
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    [Fact]
    public async Task Gauges_WhileAJobRuns_ShowWhatIsLeft()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { Concurrency = 1 });
        using var jobs = new MetricCollector<long>(bench.Meters, "CtfService", "ctf.jobs");
        using var images = new MetricCollector<long>(bench.Meters, "CtfService", "ctf.jobs.images_left");
        using var oldest = new MetricCollector<double>(bench.Meters, "CtfService", "ctf.jobs.oldest_age");
        using var running = new MetricCollector<int>(bench.Meters, "CtfService", "ctf.shards.running");
        var goOn = new TaskCompletionSource();
        bench.Handler.Run = async (_, shard, cancellation) =>
        {
            await (shard.Number == 0 ? Task.CompletedTask : goOn.Task.WaitAsync(cancellation));
            return new ShardResult(shard.Count, 0);
        };
        var job = await bench.CreateAsync("10,20");
        await bench.PassAsync(TimeSpan.FromSeconds(7));
        await bench.StartAsync();

        await bench.UntilAsync(() => Read(images) == 20);
        Assert.Equal((7.0, 1), (Read(oldest), Read(running)));
        jobs.RecordObservableInstruments();
        Assert.Equal(1, jobs.GetMeasurementSnapshot().Last(measurement => (string?)measurement.Tags["ctf.job.state"] == "in_progress").Value);

        goOn.SetResult();
        await bench.EndedAsync(job);
        await bench.UntilAsync(() => Read(running) == 0 && Read(images) == 0);
    }

    [Fact]
    public async Task Counter_OfShards_TellsTheOutcomesApart()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite, new JobsOptions { MaxAttempts = 1 });
        using var ended = new MetricCollector<long>(bench.Meters, "CtfService", "ctf.shards.ended");
        var postponed = 0;
        bench.Handler.Run = (_, shard, _) => shard.Number switch
        {
            0 => throw new InvalidOperationException("poison"),
            1 when Interlocked.Exchange(ref postponed, 1) == 0 => throw new ShardPostponedException("no model", TimeSpan.Zero),
            _ => FakeJobHandler.Done(shard),
        };
        await bench.StartAsync();

        await bench.EndedAsync(await bench.CreateAsync("1,1"));
        await bench.UntilAsync(() => Count(ended, ShardOutcomes.Done) == 3); // preparation, one shard, finish

        Assert.Equal((1, 1, 0), (Count(ended, ShardOutcomes.GivenUp), Count(ended, ShardOutcomes.Postponed), Count(ended, ShardOutcomes.Retried)));
    }

    [Fact]
    public async Task Spans_OfAJob_LinkToTheRequestThatCreatedIt()
    {
        await using var bench = await databases.NewAsync(TestDatabases.Sqlite);
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "CtfService",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (spans)
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await bench.StartAsync();
        var job = new NewJob(JobIds.New("job_"), FakeJobHandler.TestKind, "", 1, "4", TimeSpan.FromDays(1)) { TraceParent = $"00-{Trace}-b7ad6b7169203331-01" };
        await bench.EndedAsync(await bench.Jobs.CreateAsync(job, CancellationToken.None));

        List<Activity> Own()
        {
            lock (spans)
            {
                return [.. spans.Where(span => (string?)span.GetTagItem("ctf.job.id") == job.Id)];
            }
        }

        await bench.UntilAsync(() => Own().Count == 3);
        Assert.Equal(["job.prepare", "job.shard", "job.finish"], Own().Select(span => span.OperationName));
        Assert.All(Own(), span =>
        {
            Assert.Equal(Trace, Assert.Single(span.Links).Context.TraceId.ToHexString());
            Assert.NotEqual(Trace, span.TraceId.ToHexString());
            Assert.Equal("done", span.GetTagItem("ctf.shard.outcome"));
        });
    }

    private static T Read<T>(MetricCollector<T> collector)
        where T : struct
    {
        collector.RecordObservableInstruments();
        return collector.LastMeasurement!.Value;
    }

    private static long Count(MetricCollector<long> collector, string outcome) =>
        collector.GetMeasurementSnapshot().Where(ended => (string?)ended.Tags["ctf.shard.outcome"] == outcome).Sum(ended => ended.Value);
}
