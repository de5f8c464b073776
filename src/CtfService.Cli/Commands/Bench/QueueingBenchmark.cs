using CtfService.Core.Generation;
using CtfService.EngineBenchmarks;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;

namespace CtfService.Cli.Commands.Bench;

/// <summary>
/// Compares <see cref="QueueModel"/> with the queue and the workers of the service: the same Poisson arrivals of single images, in real time and in the model.
/// The model gets measured durations of steps.
/// </summary>
/// <param name="origin">Returns the devices for a number of them.</param>
/// <param name="rows">Rows of a decode step on one device.</param>
internal sealed class QueueingBenchmark(Func<int, ModelOrigin> origin, int rows, int imagesPerDevice, CancellationToken cancellation)
{
    /// <summary>Runs of each number of images that give the durations.</summary>
    private const int StepRuns = 5;

    public async Task<IReadOnlyList<QueueingRow>> RunAsync(int devices, IReadOnlyList<double> loads, ulong seed)
    {
        await using var served = await ServedModel.StartAsync(
            origin(devices), new InferenceOptions { MaxBatchRows = rows, MaxQueuedImages = Math.Max(rows, devices * imagesPerDevice) }, cancellation);
        var plan = await PlanAsync(served, devices);
        var found = new List<QueueingRow>();
        foreach (var load in loads)
        {
            var arrivals = ArrivalClock.Poisson(devices * imagesPerDevice, load * plan.Capacity, seed);
            var measured = await MeasureAsync(served, arrivals);
            found.Add(QueueingRow.Of(plan, load, arrivals, measured));
        }

        return found;
    }

    /// <summary>Measures the durations of decode steps and later stages with 1, 2, ... images at once on each device.</summary>
    private async Task<QueuePlan> PlanAsync(ServedModel served, int devices)
    {
        await TogetherAsync(served, devices); // warms up
        var (steps, decodeSteps, later) = (served.Description.TokenCount, new List<double>(), 0.0);
        for (var count = 1; count <= rows / Image(served, 0).Rows; count++)
        {
            var runs = new List<(double Coarse, double Later)>();
            for (var run = 0; run < StepRuns; run++)
            {
                var times = (await TogetherAsync(served, count * devices)).ConvertAll(image => image.Image.Timings);
                runs.Add((times.Average(time => time.Coarse.TotalSeconds), times.Average(time => (time.Fine + time.VqDecode).TotalSeconds)));
            }

            decodeSteps.Add(Medians.Of(runs, run => run.Coarse) / steps);
            later = count == 1 ? Medians.Of(runs, run => run.Later) : later; // most images end alone
        }

        return new QueuePlan(Replicas: 1, devices, steps, decodeSteps, later);
    }

    private async Task<Latency> MeasureAsync(ServedModel served, double[] arrivals)
    {
        var clock = new ArrivalClock(arrivals);
        await Task.WhenAll(arrivals.Select(async (_, i) =>
        {
            await clock.ArrivalAsync(i, cancellation);
            await served.GenerateAsync([Image(served, i)], ImagePriority.Interactive, _ => clock.Finish(i), cancellation);
        }));
        return clock.Latency;
    }

    private async Task<List<InferenceEvent.Finished>> TogetherAsync(ServedModel served, int images)
    {
        var finished = new List<InferenceEvent.Finished>();
        var request = Enumerable.Range(0, images).Select(i => Image(served, i)).ToList();
        await served.GenerateAsync(request, ImagePriority.Interactive, finished.Add, cancellation);
        return finished;
    }

    private static ImageSpecification Image(ServedModel served, int i)
    {
        var model = served.Description;
        return new ImageSpecification(i % model.Classes.Count, (ulong)i, model.DefaultCoarse, model.DefaultFine);
    }
}

/// <summary>The latency at one load.</summary>
/// <param name="Load">Arrivals per second, as a fraction of the capacity.</param>
/// <param name="Measured">Null if only the model was run.</param>
internal sealed record QueueingRow(int Replicas, int Devices, double Load, double ImagesPerSecond, Latency Predicted, Latency? Measured)
{
    public static QueueingRow Of(QueuePlan plan, double load, double[] arrivals, Latency? measured) => new(
        plan.Replicas,
        plan.Devices,
        load,
        load * plan.Capacity,
        Latency.Of([.. new QueueModel(plan).Run(arrivals).Select(seconds => 1000 * seconds)]),
        measured);
}
