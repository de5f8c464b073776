using System.Text.Json.Nodes;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;

namespace CtfService.Training.Experiments.Report;

/// <summary>What the finished jobs of an experiment found, arranged as the plan asks for it. Unfinished jobs leave gaps.</summary>
internal sealed class ExperimentResults(ExperimentPlan plan, ExperimentGraph graph, string output)
{
    public ExperimentPlan Plan => plan;

    /// <summary>Null where the job is not finished, or not asked for.</summary>
    public JsonObject? Of(ExperimentJob? job) => job is not null && new JobFolder(output, job).Read() is { Finished: true } state ? state.Result : null;

    public string FolderOf(ExperimentJob job) => JobFolder.PathOf(output, job);

    public JsonObject? Swaps => Of(graph.Swaps);

    public string? SwapPicture => graph.Swaps is { } job && Swaps is not null ? SwapJob.PictureIn(FolderOf(job)) : null;

    public JsonObject? SamplingSpeed => Of(graph.SamplingSpeed);

    public JsonObject? TrainingSpeed => Of(graph.TrainingSpeed);

    public JsonObject? RealImages => Of(graph.RealImages);

    public JsonObject? Classifier => Of(graph.Classifier);

    public Spread? Of(RowPlan row, string metric) => Over(graph.Evaluations(row), metric);

    /// <summary>
    /// Held-out loss of the transformers of a model, nats per token: of both stages together, which is what a plain model has to predict at once.
    /// </summary>
    public Spread? HeldOutLoss(string model)
    {
        var losses = plan.Find(model)!.Seeds
            .Select(seed => graph.Model(model, seed))
            .Select(trained => Loss(trained.Coarse) + (trained.Fine is null ? 0 : Loss(trained.Fine)));
        return Spread.Of(losses.OfType<double>());
    }

    /// <summary>A model's learning curve, as far as it was measured.</summary>
    public IReadOnlyList<CurvePoint> Curve(string model, string metric) =>
        [.. graph.CurveSteps(model)
            .Select(step => (Step: step, Value: Over(graph.CurvePoint(model, step), metric)))
            .Where(point => point.Value is not null)
            .Select(point => new CurvePoint(point.Step, point.Step * SecondsPerStep(model), point.Value!))];

    /// <summary>Seconds of a training step of each of the model's transformers, added up; null where that was not measured.</summary>
    public double? SecondsPerStep(string model) => TrainingSpeed?["lines"]!.AsArray()
        .Where(line => (string)line!["model"]! == model)
        .Select(line => (double?)((double)line!["coarse_seconds_per_step"]! + (double)line["fine_seconds_per_step"]!))
        .FirstOrDefault();

    private double? Loss(ExperimentJob job) => (double?)Of(job)?["held_out_loss"];

    private Spread? Over(IEnumerable<ExperimentJob> jobs, string metric) => Spread.Of(jobs.Select(job => (double?)Of(job)?[metric]).OfType<double>());
}

/// <param name="Seconds">Of training, on the machine that was measured; null where none was.</param>
internal sealed record CurvePoint(long Step, double? Seconds, Spread Value);
