using System.Text.Json.Nodes;
using CtfService.Model.Clusters;
using CtfService.Model.Transformer;
using CtfService.Training.Data;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Trains one transformer.</summary>
internal sealed class StageJob : ExperimentJob
{
    private readonly StageSettings _settings;
    private readonly StageSources _sources;

    public StageJob(StageSettings settings, StageSources sources)
        : base(NameOf(settings, sources), settings.ResultSettings(), sources.Tokenizer, sources.Tokens, sources.Map)
    {
        _settings = settings;
        _sources = sources;
    }

    /// <summary>Returns the path of the weights after a step.</summary>
    public string PathIn(string folder, long step) => step == _settings.Steps
        ? Path.Combine(folder, ResultName)
        : TransformerTraining.SnapshotPath(folder, ResultName, step);

    private string ResultName => _settings.Head is null ? TransformerTraining.CoarseResultName : TransformerTraining.FineResultName;

    public override JsonObject Run(JobRun run)
    {
        Train(run, Options(run.Folder), resume: true, run.Progress);
        return new JsonObject { ["held_out_loss"] = MetricsFile.Last(TrainingLoop.MetricsPath(run.Folder), TransformerTraining.HeldOutLoss) };
    }

    /// <summary>Trains into the folder of <paramref name="options"/>. Also used to measure the training speed.</summary>
    public void Train(JobRun run, TrainingOptions options, bool resume, ITrainingProgress progress)
    {
        var tokens = run.FolderOf(_sources.Tokens);
        using var train = TokensJob.Open(tokens, "train");
        using var heldOut = TokensJob.Open(tokens, "test");
        var inputs = new StageInputs( // not disposed: the experiment owns the tokenizer
            run.Inputs.Tokenizer(TokenizerJob.PathIn(run.FolderOf(_sources.Tokenizer))),
            ClusterMap.Load(ClusterMapJob.PathIn(run.FolderOf(_sources.Map))),
            train,
            heldOut);
        var training = new TrainingRun(options, resume, Augmentation.None);
        if (_settings.Head is { } head)
        {
            TransformerTraining.TrainFine(inputs, _settings.Size, head, training, progress, run.Cancellation);
        }
        else
        {
            TransformerTraining.TrainCoarse(inputs, _settings.Size, training, progress, run.Cancellation);
        }
    }

    public TrainingOptions Options(string folder) => new()
    {
        RunDirectory = folder,
        Steps = _settings.Steps,
        BatchSize = _settings.Training.BatchSize,
        LearningRate = _settings.Training.LearningRate,
        WarmupSteps = _settings.Training.WarmupSteps,
        FinalLearningRateShare = 1,
        EmaDecay = _settings.Training.EmaDecay,
        Seed = _settings.Seed,
        CheckpointEvery = _settings.Training.CheckpointEvery,
        EvaluateEvery = _settings.Steps,
        SnapshotSteps = _settings.SnapshotSteps,
    };

    private static string NameOf(StageSettings settings, StageSources sources)
    {
        var (stage, map) = (settings.Head is null ? "coarse" : "fine", sources.Map.Name.Split('/')[^1]);
        var head = settings.Head == FineHead.Codebook ? "-codebook-head" : "";
        return $"{stage}/{map}-width-{settings.Size.Width}-layers-{settings.Size.Layers}{head}/seed-{settings.Seed}";
    }
}

/// <summary>Settings of the training of one transformer.</summary>
/// <param name="Head">Null for a causal transformer.</param>
internal sealed record StageSettings(
    FineHead? Head, TransformerSize Size, TrainingPlan Training, long Steps, IReadOnlyList<long> SnapshotSteps, ulong Seed)
{
    /// <summary>Returns the settings that determine the result: all except the checkpoint interval.</summary>
    public IReadOnlyDictionary<string, object?> ResultSettings() => new Dictionary<string, object?>
    {
        ["head"] = Head,
        ["size"] = Size,
        ["steps"] = Steps,
        ["batch_size"] = Training.BatchSize,
        ["learning_rate"] = Training.LearningRate,
        ["warmup_steps"] = Training.WarmupSteps,
        ["ema_decay"] = Training.EmaDecay,
        ["snapshot_steps"] = SnapshotSteps,
        ["seed"] = Seed,
    };
}

/// <summary>The jobs that provide the inputs of a training.</summary>
internal sealed record StageSources(TokenizerJob Tokenizer, TokensJob Tokens, ClusterMapJob Map);
