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
        DeleteIfThere(folder); // of a measurement that was stopped
        var options = stage.Options(folder) with { Steps = Steps, CheckpointEvery = Steps, EvaluateEvery = Steps, SnapshotSteps = [] };
        var speed = new TimeOfLastSteps();
        stage.Train(run, options, resume: false, new CombinedProgress(run.Progress, speed));
        DeleteIfThere(folder);
        return speed.SecondsPerStep;
    }

    private static void DeleteIfThere(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Of the steps between the last two reports.</summary>
    private sealed class TimeOfLastSteps : ITrainingProgress
    {
        private (long Step, TimeSpan Elapsed) _last;

        public double SecondsPerStep { get; private set; }

        public void Report(TrainingReport report)
        {
            if (report.Step > _last.Step)
            {
                SecondsPerStep = (report.Elapsed - _last.Elapsed).TotalSeconds / (report.Step - _last.Step);
                _last = (report.Step, report.Elapsed);
            }
        }
    }
}
