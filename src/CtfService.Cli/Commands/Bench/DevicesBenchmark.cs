using System.Diagnostics;
using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;

namespace CtfService.Cli.Commands.Bench;

/// <summary>Measures the images per second of full devices behind one queue, which requests of four images keep full.</summary>
/// <param name="origin">Returns the devices for a number of them.</param>
/// <param name="rows">Rows of a decode step on one device.</param>
internal sealed class DevicesBenchmark(Func<int, ModelOrigin> origin, int rows, int imagesPerDevice, CancellationToken cancellation)
{
    private const int ImagesPerRequest = 4;

    /// <summary>Runs each number of devices in turn, several times, because the speed of a machine changes over minutes.</summary>
    public async Task<DevicesReport> RunAsync(IReadOnlyList<int> counts, int runs, Action<int> beginsRun)
    {
        var rates = counts.ToDictionary(count => count, _ => new List<double>());
        for (var run = 1; run <= runs; run++)
        {
            beginsRun(run);
            foreach (var count in counts)
            {
                rates[count].Add(await RateAsync(count));
            }
        }

        double PerDevice(int count) => Medians.Of(rates[count], rate => rate) / count;
        return new DevicesReport(
            runs, [.. counts.Select(count => new DevicesRate(count, PerDevice(count) * count, PerDevice(count) / PerDevice(counts[0])))]);
    }

    private async Task<double> RateAsync(int devices)
    {
        var images = devices * imagesPerDevice;
        var options = new InferenceOptions { MaxBatchRows = rows, MaxQueuedImages = Math.Max(ImagesPerRequest, images) };
        await using var served = await ServedModel.StartAsync(origin(devices), options, cancellation);
        var model = served.Description;
        ImageSpecification[] all =
        [
            .. Enumerable.Range(0, images).Select(i => new ImageSpecification(i % model.Classes.Count, (ulong)i, model.DefaultCoarse, model.DefaultFine)),
        ];
        await GenerateAsync(served, all[..devices]); // warms up
        var started = Stopwatch.GetTimestamp();
        await GenerateAsync(served, all);
        return images / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private Task GenerateAsync(ServedModel served, ImageSpecification[] images) =>
        Task.WhenAll(images.Chunk(ImagesPerRequest).Select(request => served.GenerateAsync(request, ImagePriority.Interactive, _ => { }, cancellation)));
}

/// <summary>Medians over the runs.</summary>
internal sealed record DevicesReport(int Runs, IReadOnlyList<DevicesRate> Rates);

/// <summary>Images per second of a number of devices.</summary>
/// <param name="ShareOfLinear">Fraction of what as many devices would give at the speed of the first number of devices.</param>
internal sealed record DevicesRate(int Devices, double ImagesPerSecond, double ShareOfLinear);
