using System.CommandLine;
using System.Globalization;
using CtfService.Trials.Cluster;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>gateway</c>: the time that the gateway adds to requests, and what one of its processors can do.</summary>
internal static class GatewayTrial
{
    private const double Mebibyte = 1_048_576;

    private static readonly Option<double> Seconds = TrialOptions.Of("seconds", 10.0, "Time of each load that measures the gateway's processor time.");
    private static readonly Option<int> Repeats = TrialOptions.Of("repeats", 600, "Requests of each kind, directly and through the gateway in turn.");
    private static readonly Option<int> Clients = TrialOptions.Of("clients", 8, "Clients of the loads.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "gateway", "Compares requests through the gateway with direct ones, and measures its requests and bytes for each second of a processor.",
            Seconds, Repeats, Clients);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var size = new ClusterSize(Replicas: 1, Gateways: 1, Processors: null, HasDatabase: false);
        await using var cluster = await ReplicaCluster.StartAsync(build, folder, size, [.. ClusterKeys.Settings], cancellation);
        var (replica, gateway) = (cluster.Replicas[0], cluster.Gateways[0]);
        var report = new TrialReport("gateway");
        await TimeAsync(report, ProbedRequest.All, replica.Client, gateway.Client, arguments.GetValue(Repeats), cancellation);

        await using var bytes = ByteServer.Start();
        using var front = new ServiceInstance(
            ServiceBuild.OfGateway(), "gateway-of-bytes", folder.File("logs"), [$"--Gateway:Replicas:0={bytes.Address}"]);
        await front.StartReadyAsync(cancellation);
        using var direct = new HttpClient { BaseAddress = new Uri(bytes.Address) };
        var load = new ProcessorLoad(front, arguments.GetValue(Clients), TimeSpan.FromSeconds(arguments.GetValue(Seconds)));
        await load.RunAsync("/v1/images/bytes/100", cancellation); // until the compiler has optimized what is used
        await TimeAsync(report, ProbedRequest.WithoutDrawing, direct, front.Client, 10 * arguments.GetValue(Repeats), cancellation);
        foreach (var answer in (int[])[100, 12_000, 100_000, 1_000_000])
        {
            var (requests, processor) = await load.RunAsync($"/v1/images/bytes/{answer.ToString(CultureInfo.InvariantCulture)}", cancellation);
            var each = processor.TotalSeconds / requests;
            report.Measure(
                $"answers of {answer:N0} bytes",
                $"{1 / each:0} requests and {answer / each / Mebibyte:0} MiB for each second of a processor ({requests} in {processor.TotalSeconds:0.0} s)");
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static async Task TimeAsync(
        TrialReport report, IReadOnlyList<ProbedRequest> kinds, HttpClient direct, HttpClient through, int requests, CancellationToken cancellation)
    {
        foreach (var kind in kinds)
        {
            TrialReport.Progress($"times of {kind.Name}");
            var repeats = requests / kind.Cost;
            await OverheadTimes.RunAsync(kind, direct, through, repeats / 10, cancellation); // warm-up
            var times = await OverheadTimes.RunAsync(kind, direct, through, repeats, cancellation);
            report.Measure($"{kind.Name}, directly", $"{times.Direct}");
            report.Measure($"{kind.Name}, through the gateway", $"{times.Through}");
            report.Measure($"{kind.Name}, added", $"p50 {times.AddedP50:0.000} ms, p99 {times.AddedP99:0.000} ms");
        }
    }
}
