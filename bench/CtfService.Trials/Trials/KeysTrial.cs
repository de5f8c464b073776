using System.CommandLine;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>keys</c>: what a key that floods the service costs another one, and how keys with weights share it.</summary>
internal static class KeysTrial
{
    private const double MostRatio = 2.5;
    private const double Tolerance = 0.05;
    private const int ExpectedCount = 60;
    private const int ImagesOfRequest = 16;
    private const int HeavyWeight = 3;

    /// <summary>Requests of each key with a weight. Their images come one by one, so that images that have finished can be counted exactly.</summary>
    private const int RequestsByWeight = 64;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    private static readonly Option<double> Seconds = TrialOptions.Of("seconds", 20.0, "Time of each measurement.");
    private static readonly Option<int> Requests = TrialOptions.Of("requests", 64, $"Requests of {ImagesOfRequest} images that the flood keeps outstanding.");
    private static readonly Option<int> Devices = TrialOptions.Of("devices", 2, "Copies of the model on the CPU; above 1, all is measured with one too.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "keys", "Latency of one key without and beside a flood of another, and images of keys with weights.", Seconds, Requests, Devices);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var build = ServiceBuild.In(arguments.GetValue(TrialOptions.Service));
        var time = TimeSpan.FromSeconds(arguments.GetValue(Seconds));
        var report = new TrialReport("keys");
        foreach (var devices in arguments.GetValue(Devices) > 1 ? (int[])[1, arguments.GetValue(Devices)] : [1])
        {
            var measurement = new Measurement(build, folder, devices, arguments.GetValue(Requests), time, report);
            await measurement.RunAsync(isQueueLarge: true, cancellation);
            await measurement.RunAsync(isQueueLarge: false, cancellation);
        }

        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private sealed class Measurement(ServiceBuild build, TrialFolder folder, int devices, int requests, TimeSpan time, TrialReport report)
    {
        private readonly string _devices = devices == 1 ? "one device" : $"{devices} devices";

        /// <param name="isQueueLarge">Whether all images of the flood fit in the queue; otherwise most of its requests are refused and come back.</param>
        public async Task RunAsync(bool isQueueLarge, CancellationToken cancellation)
        {
            var setup = $"{_devices}, {(isQueueLarge ? "a queue for all" : "the default queue")}";
            TrialReport.Progress($"{setup}");
            using var service = Start(isQueueLarge);
            await service.StartReadyAsync(cancellation);
            using KeyClient flood = new(service, "flood"), single = new(service, "single");
            var expected = await ExpectedImages.DrawAsync(single.Http, ExpectedCount, cancellation);

            var idle = await single.EverySecondAsync(expected, time, cancellation);
            report.Measure($"{setup}: one image each second, idle", $"{idle}");
            var alone = await FloodAsync(flood, ImagesOfRequest, requests, () => Task.Delay(time / 2, TimeProvider.System, cancellation), cancellation);
            report.Measure($"{setup}: flood alone", $"{alone:0.0} images/s");
            var busy = new Latencies([]);
            var beside = await FloodAsync(
                flood, ImagesOfRequest, requests, async () => busy = await single.EverySecondAsync(expected, time, cancellation), cancellation);
            report.Measure($"{setup}: one image each second beside the flood", $"{busy}, {single.Refused} refused");
            report.Measure($"{setup}: flood beside them", $"{beside:0.0} images/s, {beside / alone:P0}, {flood.Refused} refused");
            report.Require($"{setup}: ratio of p95", $"{busy.P95 / idle.P95:0.00}", $"at most {MostRatio}", busy.P95 <= MostRatio * idle.P95);
            if (isQueueLarge)
            {
                await WeighAsync(service, cancellation);
            }
        }

        /// <summary>Two keys flood the service; the images that they finish are as their weights.</summary>
        private async Task WeighAsync(ServiceInstance service, CancellationToken cancellation)
        {
            using KeyClient heavy = new(service, "heavy"), light = new(service, "light");
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task[] floods = [heavy.FloodAsync(RequestsByWeight, images: 1, stop.Token), light.FloodAsync(RequestsByWeight, images: 1, stop.Token)];
            await Task.Delay(WarmUp, TimeProvider.System, cancellation);
            var (heavyBefore, lightBefore) = (heavy.Finished, light.Finished);
            await Task.WhenAny([.. floods, Task.Delay(2 * time, TimeProvider.System, cancellation)]).Unwrap();
            var (ofHeavy, ofLight) = (heavy.Finished - heavyBefore, light.Finished - lightBefore);
            await stop.CancelAsync();
            await Task.WhenAll(floods);
            var ratio = (double)ofHeavy / ofLight;
            report.Require(
                $"{_devices}: images of keys with weights {HeavyWeight} and 1", $"{ofHeavy} and {ofLight} images, {ratio:0.00}",
                $"{HeavyWeight} within {Tolerance:P0}", Math.Abs((ratio / HeavyWeight) - 1) <= Tolerance);
        }

        private ServiceInstance Start(bool isQueueLarge) => new(build, $"service-{devices}-{isQueueLarge}", folder.File("logs"), [
            "--Jobs:Enabled=false",
            "--Inference:RequestTimeout=00:30:00",
            .. isQueueLarge ? (string[])[$"--Inference:MaxQueuedImages={Math.Max(64, 4 * requests * ImagesOfRequest)}"] : [],
            .. devices == 1 ? [] : Enumerable.Range(0, devices).Select(device => $"--Model:Devices:{device}=cpu"),
            .. FairnessTrial.Key(0, "flood"), .. FairnessTrial.Key(1, "single"),
            .. FairnessTrial.Key(2, "heavy", HeavyWeight), .. FairnessTrial.Key(3, "light"),
        ]);

        /// <summary>Returns the images a second that a flood finishes during an action.</summary>
        private static async Task<double> FloodAsync(KeyClient key, int images, int requests, Func<Task> action, CancellationToken cancellation)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var flood = key.FloodAsync(requests, images, stop.Token);
            await Task.Delay(WarmUp, TimeProvider.System, cancellation);
            var (before, started) = (key.Finished, TimeProvider.System.GetTimestamp());
            await Task.WhenAny(flood, action()).Unwrap();
            var rate = (key.Finished - before) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            await stop.CancelAsync();
            await flood;
            return rate;
        }
    }
}
