using System.Diagnostics;
using System.Text.Json.Nodes;
using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Measures images per second on the serving engine, end to end. The models alternate, so that interference affects all of them; ratios are taken within a
/// turn.
/// </summary>
internal sealed class SamplingSpeedJob(IReadOnlyList<TrainedModel> models, IReadOnlyList<int> batches, int runs, SamplingDefaults sampling)
    : ExperimentJob(
        "speed/sampling",
        new Dictionary<string, object> { ["models"] = models.Select(model => model.Name), ["batches"] = batches, ["runs"] = runs, ["sampling"] = sampling },
        [.. models.SelectMany(model => model.Jobs).Distinct()])
{
    /// <summary>Images before the measurement, so that the runtime has compiled the kernels.</summary>
    private const int WarmUpImages = 64;

    public override JsonObject Run(JobRun run)
    {
        var generators = new List<IImageGenerator>();
        try
        {
            var folders = SafeFileNames.OfAll([.. models.Select(model => model.Name)]);
            generators.AddRange(models.Select((model, i) => Load(run, model, folders[i])));
            generators.ForEach(generator => Draw(generator, WarmUpImages, run.Cancellation));
            return new JsonObject { ["lines"] = new JsonArray([.. batches.SelectMany(batch => Lines(generators, batch, run))]) };
        }
        finally
        {
            generators.ForEach(generator => generator.Dispose());
        }
    }

    private IImageGenerator Load(JobRun run, TrainedModel model, string folder)
    {
        var directory = Path.Combine(run.Folder, folder);
        model.Pack(run, directory, model.Steps, sampling);
        return ServingEngine.Load(directory, 2 * batches.Max(), run.Inputs.Device, run.Cancellation);
    }

    private IEnumerable<JsonNode> Lines(List<IImageGenerator> generators, int batch, JobRun run)
    {
        var turns = Enumerable.Range(0, runs).Select(_ => generators.Select(generator => Draw(generator, batch, run.Cancellation)).ToList()).ToList();
        double Median(Func<List<DrawTimes>, double> figure) => turns.Select(figure).Order().ElementAt(runs / 2);
        return models.Select((model, i) => (JsonNode)new JsonObject
        {
            ["model"] = model.Name,
            ["batch"] = batch,
            ["images_per_second"] = batch / Median(turn => turn[i].Total),
            ["times_first"] = Median(turn => turn[0].Total / turn[i].Total),
            ["coarse_seconds"] = Median(turn => turn[i].Coarse),
            ["fine_seconds"] = Median(turn => turn[i].Fine),
            ["decode_seconds"] = Median(turn => turn[i].Decode),
        });
    }

    private DrawTimes Draw(IImageGenerator generator, int count, CancellationToken cancellation)
    {
        var specifications = Enumerable.Range(0, count)
            .Select(i => new ImageSpecification(i % generator.Model.Classes.Count, (ulong)i, sampling.Coarse, sampling.Fine)).ToList();
        var started = Stopwatch.GetTimestamp();
        var images = generator.Generate(specifications, cancellation);
        var total = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var last = images[^1].Timings;
        return new DrawTimes(total, last.Coarse.TotalSeconds, last.Fine.TotalSeconds, last.VqDecode.TotalSeconds);
    }

    /// <summary>Seconds; the stages are those of the last image.</summary>
    private sealed record DrawTimes(double Total, double Coarse, double Fine, double Decode);
}
