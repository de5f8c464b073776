using System.CommandLine;
using CtfService.Trials.Cluster;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Traffic;

namespace CtfService.Trials.Trials;

/// <summary><c>cluster</c>: mixed traffic through two gateways to three replicas with PostgreSQL, while any of them is killed, stopped or restarted.</summary>
internal static class ClusterTrial
{
    private const int Orders = 64;

    private static readonly Option<double> Minutes = TrialOptions.Of("minutes", 20.0, "Time of the disturbances.");
    private static readonly Option<double> Interval = TrialOptions.Of("interval", 20.0, "Seconds between two disturbances.");
    private static readonly Option<int> Seed = TrialOptions.Of("seed", 1, "Decides what is disturbed when.");
    private static readonly Option<int> Replicas = TrialOptions.Of("replicas", 3, "Replicas of the service.");
    private static readonly Option<int> Clients = TrialOptions.Of("clients", 6, "Clients that each wait for an answer before their next request.");
    private static readonly Option<double> Pause = TrialOptions.Of("pause", 0.6, "Longest pause of a client between two requests, seconds.");
    private static readonly Option<int> Processors = TrialOptions.Of("processors", 1, "Processors that each replica sees.");
    private static readonly Option<int> Quota = TrialOptions.Of("quota", 60, "ImagesPerMinute of a key that asks for more; 0 leaves quotas out.");
    private static readonly Option<int> JobImages = TrialOptions.Of("job-images", 96, "Images of each data set; 0 makes none.");
    private static readonly Option<bool> Keyed = TrialOptions.Of("idempotency", defaultValue: true, "Whether requests are repeated with an Idempotency-Key.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "cluster",
            "Disturbs replicas, gateways and PostgreSQL under mixed traffic: every answer must be right or an honest refusal, and each key answered once.",
            Minutes, Interval, Seed, Replicas, Clients, Pause, Processors, Quota, JobImages, Keyed);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var report = new TrialReport("cluster");
        using var alone = new ServiceInstance(
            build, "undisturbed", folder.File("logs"), [$"--Storage:Folder={folder.Empty("undisturbed")}", .. ClusterKeys.Settings]);
        await alone.StartReadyAsync(cancellation);
        var book = await OrderBook.DrawAsync(alone, ClusterKeys.Studio, Orders);
        alone.Kill();

        var size = new ClusterSize(arguments.GetValue(Replicas), Gateways: 2, arguments.GetValue(Processors), HasDatabase: true);
        var quota = arguments.GetValue(Quota);
        ClusterRun run;
        await using (var cluster = await ReplicaCluster.StartAsync(build, folder, size, [.. ClusterKeys.Settings], cancellation))
        {
            var minutes = TimeSpan.FromMinutes(arguments.GetValue(Minutes));
            var events = new ClusterEvents(cluster, arguments.GetValue(Seed), TimeSpan.FromSeconds(arguments.GetValue(Interval)), minutes);
            var studio = await ClusterKeys.CreateAsync(cluster.Gateways[0], "created", imagesPerMinute: null, cancellation);
            var limited = quota > 0 ? await ClusterKeys.CreateAsync(cluster.Gateways[0], "limited", quota, cancellation) : null;
            run = new ClusterRun(cluster, events, book, [ClusterKeys.Studio, studio, ClusterKeys.Operator], hasKeyed: arguments.GetValue(Keyed))
            {
                Limited = limited is null ? null : (limited, quota),
                JobImages = arguments.GetValue(JobImages),
            };
            await run.RunAsync(arguments.GetValue(Clients), TimeSpan.FromSeconds(arguments.GetValue(Pause)), cancellation);
        }

        await alone.StartReadyAsync(cancellation);
        await run.ReportAsync(report, alone, folder, cancellation);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }
}
