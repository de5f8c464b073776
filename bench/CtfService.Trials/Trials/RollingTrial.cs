using System.CommandLine;
using System.Net;
using CtfService.Trials.Cluster;
using CtfService.Trials.Datasets;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Traffic;

namespace CtfService.Trials.Trials;

/// <summary><c>rolling</c>: replicas behind the gateway are stopped and started in turn under load, as in an update; no request may fail.</summary>
internal static class RollingTrial
{
    private const int Orders = 32;

    private static readonly TimeSpan JobPause = TimeSpan.FromSeconds(1);

    private static readonly Option<int> Rounds = TrialOptions.Of("rounds", 3, "Restarts of each replica.");
    private static readonly Option<int> Replicas = TrialOptions.Of("replicas", 3, "Replicas of the service.");
    private static readonly Option<int> Clients = TrialOptions.Of("clients", 6, "Clients that each wait for an answer before their next request.");
    private static readonly Option<double> Pause = TrialOptions.Of("pause", 0.2, "Longest pause of a client between two requests, seconds.");
    private static readonly Option<int> Processors = TrialOptions.Of("processors", 1, "Processors that each replica sees.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "rolling", "Restarts replicas behind the gateway in turn under load, with and without seeds: no request may fail.",
            Rounds, Replicas, Clients, Pause, Processors);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var size = new ClusterSize(arguments.GetValue(Replicas), Gateways: 1, arguments.GetValue(Processors), HasDatabase: true);
        await using var cluster = await ReplicaCluster.StartAsync(build, folder, size, [.. ClusterKeys.Settings], cancellation);
        var gateway = cluster.Gateways[0];
        var book = await OrderBook.DrawAsync(cluster.Replicas[0], ClusterKeys.Studio, Orders);
        var (tally, restarts, jobs) = (new TrafficTally(), 0, 0);
        var traffic = new MixedTraffic(new GatewayClient(cluster.Gateways, tally), book, tally, keyed: null, [ClusterKeys.Studio]);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = Task.WhenAll(
            traffic.RunAsync(arguments.GetValue(Clients), TimeSpan.FromSeconds(arguments.GetValue(Pause)), end.Token), CreateJobsAsync());
        try
        {
            foreach (var replica in Enumerable.Repeat(cluster.Replicas, arguments.GetValue(Rounds)).SelectMany(each => each))
            {
                var code = await replica.StopAsync();
                if (code != 0)
                {
                    tally.Wrong($"{replica.Name} ended with {code} after SIGTERM");
                }

                await replica.StartReadyAsync(cancellation);
                while (await ReplicaCluster.ReadyReplicasAsync(gateway, cancellation) < cluster.Replicas.Count)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellation);
                }

                TrialReport.Progress($"restart {++restarts}: {replica.Name}; {tally.Requests} requests so far, {tally.Failed} failed");
            }
        }
        finally
        {
            await end.CancelAsync();
            await running;
        }

        var report = new TrialReport("rolling");
        report.Measure("restarts", $"{restarts}");
        report.Measure("jobs that were created without an Idempotency-Key", $"{jobs}");
        MixedTraffic.Report(report, tally);
        foreach (var failure in tally.Failures)
        {
            report.Measure("failure", $"{failure}");
        }

        var failed = tally.Failed + tally.Requests - tally.Count(EndKind.Answered) - tally.Count(EndKind.Failed);
        report.Require("requests that were not answered rightly", $"{failed}", $"0", failed == 0);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));

        async Task CreateJobsAsync()
        {
            for (var client = new DatasetClient([gateway], ClusterKeys.Studio); !end.IsCancellationRequested; jobs++)
            {
                var (status, body) = await client.TryCreateAsync(new(Images: 1, (ulong)jobs), CancellationToken.None);
                if (status is not (HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.Accepted))
                {
                    tally.Wrong($"the creation of a job got {(int)status} {body}");
                }

                await Task.Delay(JobPause, TimeProvider.System, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
