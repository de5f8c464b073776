using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using CtfService.Trials.Datasets;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>fairness</c>: a small job of one key while a large job of another runs.</summary>
internal static class FairnessTrial
{
    private const double MostShards = 2;

    /// <summary>Default of <c>Jobs:Concurrency</c>: so many shards run at the same time, each so many times as long as one alone.</summary>
    private const int ShardsAtOnce = 2;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    private static readonly Option<int> Large = TrialOptions.Of("images", 50_000, "Images of the large job, which is cancelled at the end.");
    private static readonly Option<int> Small = TrialOptions.Of("small", 10, "Images of the small job.");
    private static readonly Option<int> Repeats = TrialOptions.Of("repeats", 5, "Small jobs, one after another.");
    private static readonly Option<int> ShardImages = TrialOptions.Of("shard-images", 128, "Jobs:ShardImages, images of a shard.");

    public static Command Create()
    {
        var command = TrialOptions.Command("fairness", "Times a small job of one key during a large job of another.", Large, Small, Repeats, ShardImages);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("fairness");
        var shardImages = arguments.GetValue(ShardImages);
        using var service = new ServiceInstance(build, "service", folder.File("logs"), [
            $"--Storage:Folder={folder.Empty("jobs")}", $"--Jobs:ShardImages={shardImages}", .. Key(0, "large"), .. Key(1, "small"),
        ]);
        await service.StartReadyAsync(cancellation);
        var (large, small) = (new DatasetClient([service], "large"), new DatasetClient([service], "small"));
        var job = await large.CreateAsync(new(arguments.GetValue(Large), Seed: 1), cancellation);
        await large.WaitAsync(job.Id, each => each.ImageCounts.Completed >= 2 * shardImages, Timeout, cancellation);

        var shard = ShardsAtOnce * shardImages / await RateAsync(large, job.Id, 8 * shardImages, cancellation);
        report.Measure($"time of a shard of the large job, {ShardsAtOnce} at once", $"{shard:0.00} s");
        for (var run = 1; run <= arguments.GetValue(Repeats); run++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var quick = await small.CreateAsync(new(arguments.GetValue(Small), (ulong)run), cancellation);
            quick = await small.EndAsync(quick.Id, Timeout, cancellation);
            var shards = TimeProvider.System.GetElapsedTime(started).TotalSeconds / shard;
            report.Require(
                $"small job {run}: {quick.Status}", $"{shards * shard:0.00} s, {shards:0.00} shards", $"completed within {MostShards} shards' time",
                quick.Status == "completed" && shards <= MostShards);
            await RateAsync(large, job.Id, 2 * shardImages, cancellation); // so that the moments differ
        }

        await large.CancelAsync(job.Id, cancellation);
        var cancelled = await large.EndAsync(job.Id, Timeout, cancellation);
        report.Require("large job after its cancellation", $"{cancelled}", $"cancelled", cancelled.Status == "cancelled");
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    /// <summary>Waits until a job has finished more images and returns its images a second meanwhile.</summary>
    internal static async Task<double> RateAsync(DatasetClient client, string id, int images, CancellationToken cancellation)
    {
        // From one finished shard to another.
        var first = (await client.FindAsync(id, cancellation)).ImageCounts.Completed;
        var start = await client.WaitAsync(id, job => job.ImageCounts.Completed > first, Timeout, cancellation);
        var started = TimeProvider.System.GetTimestamp();
        var end = await client.WaitAsync(id, job => job.ImageCounts.Completed >= start.ImageCounts.Completed + images, Timeout, cancellation);
        return (end.ImageCounts.Completed - start.ImageCounts.Completed) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>The settings of a key whose value is its name.</summary>
    internal static string[] Key(int number, string name, int weight = 1) =>
    [
        $"--Security:ApiKeys:{number}:Name={name}",
        $"--Security:ApiKeys:{number}:Weight={weight}",
        $"--Security:ApiKeys:{number}:Sha256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))}",
    ];
}
