using System.Text.Json.Nodes;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;

namespace CtfService.Training.Experiments.Report;

/// <summary>The results of the finished jobs of an experiment, arranged by the plan. Results of unfinished jobs are null.</summary>
internal sealed class ExperimentResults(ExperimentPlan plan, ExperimentGraph graph, string output)
{
    public ExperimentPlan Plan => plan;

    /// <summary>Returns the result of a job; null if the job is unfinished or not part of the plan.</summary>
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
    /// Returns the held-out loss of a model, nats per token, summed over both stages, so that it can be compared with that of a plain model.
    /// </summary>
    public Spread? HeldOutLoss(string model)
    {
        var losses = plan.Find(model)!.Seeds
            .Select(seed => graph.Model(model, seed))
            .Select(trained => Loss(trained.Coarse) + (trained.Fine is null ? 0 : Loss(trained.Fine)));
        return Spread.Of(losses.OfType<double>());
    }

    /// <summary>Returns the measured points of a model's learning curve.</summary>
    public IReadOnlyList<CurvePoint> Curve(string model, string metric) =>
        [.. graph.CurveSteps(model)
            .Select(step => (Step: step, Value: Over(graph.CurvePoint(model, step), metric)))
            .Where(point => point.Value is not null)
            .Select(point => new CurvePoint(point.Step, point.Step * SecondsPerStep(model), point.Value!))];

    /// <summary>Returns the seconds per training step, summed over the model's transformers; null if not measured.</summary>
    public double? SecondsPerStep(string model) => TrainingSpeed?["lines"]!.AsArray()
        .Where(line => (string)line!["model"]! == model)
        .Select(line => (double?)((double)line!["coarse_seconds_per_step"]! + (double)line["fine_seconds_per_step"]!))
        .FirstOrDefault();

    private double? Loss(ExperimentJob job) => (double?)Of(job)?["held_out_loss"];

    private Spread? Over(IEnumerable<ExperimentJob> jobs, string metric) => Spread.Of(jobs.Select(job => (double?)Of(job)?[metric]).OfType<double>());
}

/// <summary>A point of a learning curve.</summary>
/// <param name="Seconds">Training time on the measured machine; null if not measured.</param>
internal sealed record CurvePoint(long Step, double? Seconds, Spread Value);
