using System.Text.Json.Nodes;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Seconds of a training step of each transformer, measured apart from the trainings: those may have shared the machine, and a curve over time must not show
/// that.
/// </summary>
internal sealed class TrainingSpeedJob(IReadOnlyList<TrainedModel> models, int runs)
    : ExperimentJob(
        "speed/training",
        new Dictionary<string, object> { ["models"] = models.Select(model => model.Name), ["runs"] = runs },
        [.. models.SelectMany(model => model.Jobs).Distinct()])
{
    /// <summary>Two reports: the first also measures the start, the second counts.</summary>
    private const int Steps = 20;

    public override JsonObject Run(JobRun run)
    {
        var stages = models.SelectMany(model => new[] { model.Coarse, model.Fine }).OfType<StageJob>().Distinct().ToList();
        var turns = Enumerable.Range(0, runs).Select(_ => stages.Select(stage => SecondsPerStep(stage, run)).ToList()).ToList();
        double Median(StageJob? stage) => stage is null ? 0 : turns.Select(turn => turn[stages.IndexOf(stage)]).Order().ElementAt(runs / 2);
        return new JsonObject
        {
            ["lines"] = new JsonArray([.. models.Select(model => (JsonNode)new JsonObject
            {
                ["model"] = model.Name,
                ["coarse_seconds_per_step"] = Median(model.Coarse),
                ["fine_seconds_per_step"] = Median(model.Fine),
            })]),
        };
    }

    private static double SecondsPerStep(StageJob stage, JobRun run)
    {
        var folder = Path.Combine(run.Folder, "scratch");
        var options = stage.Options(folder) with { Steps = Steps, CheckpointEvery = Steps, SampleEvery = Steps, SnapshotSteps = [] };
        var speed = new SpeedOfLastReport();
        stage.Train(run, options, resume: false, new CombinedProgress(run.Progress, speed));
        Directory.Delete(folder, recursive: true);
        return options.BatchSize / speed.ImagesPerSecond;
    }

    private sealed class SpeedOfLastReport : ITrainingProgress
    {
        public double ImagesPerSecond { get; private set; }

        public void Report(TrainingReport report) => ImagesPerSecond = report.ImagesPerSecond > 0 ? report.ImagesPerSecond : ImagesPerSecond;
    }
}
