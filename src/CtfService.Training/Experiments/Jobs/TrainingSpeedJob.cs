using System.Text.Json.Nodes;
using CtfService.Training.Progress;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>
/// Measures the seconds per training step of each transformer, separately from the trainings, which may have shared the machine.
/// </summary>
internal sealed class TrainingSpeedJob(IReadOnlyList<TrainedModel> models, int runs)
    : ExperimentJob(
        "speed/training",
        new Dictionary<string, object> { ["models"] = models.Select(model => model.Name), ["runs"] = runs },
        [.. models.SelectMany(model => model.Jobs).Distinct()])
{
    /// <summary>Steps of a measurement: two reports, of which the first includes the start-up and is ignored.</summary>
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
        DeleteIfExists(folder); // left by an interrupted measurement
        var options = stage.Options(folder) with { Steps = Steps, CheckpointEvery = Steps, EvaluateEvery = Steps, SnapshotSteps = [] };
        var speed = new TimeOfLastSteps();
        stage.Train(run, options, resume: false, new CombinedProgress(run.Progress, speed));
        DeleteIfExists(folder);
        return speed.SecondsPerStep;
    }

    private static void DeleteIfExists(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Measures the steps between the last two reports.</summary>
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
