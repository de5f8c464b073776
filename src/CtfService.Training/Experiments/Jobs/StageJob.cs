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
        var training = new TrainingRun(options with { Device = run.Inputs.Device, UseBfloat16 = _settings.UseBfloat16 }, resume, Augmentation.None);
        if (_settings.Head is { } head)
        {
            TransformerTraining.TrainFine(inputs, _settings.Size, head, training, progress, run.Cancellation);
        }
        else
        {
            TransformerTraining.TrainCoarse(inputs, _settings.Size, training, progress, run.Cancellation);
        }
    }

    public TrainingOptions Options(string folder) => Options(_settings, folder);

    /// <summary>Returns the options of a training into a folder.</summary>
    public static TrainingOptions Options(StageSettings settings, string folder) => new()
    {
        RunDirectory = folder,
        Steps = settings.Steps,
        BatchSize = settings.Training.BatchSize,
        Accumulate = settings.Training.Accumulate,
        LearningRate = settings.Training.LearningRate,
        WarmupSteps = settings.Training.WarmupSteps,
        FinalLearningRateShare = 1,
        WeightDecay = settings.Training.WeightDecay,
        Beta1 = settings.Training.Beta1,
        Beta2 = settings.Training.Beta2,
        Dropout = settings.Training.Dropout,
        ClassDropout = settings.Training.ClassDropout,
        EmaDecay = settings.Training.EmaDecay,
        Seed = settings.Seed,
        CheckpointEvery = settings.Training.CheckpointEvery,
        EvaluateEvery = settings.Steps,
        SnapshotSteps = settings.SnapshotSteps,
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
    private static readonly TrainingPlan Usual = new();

    /// <summary>Whether matrix products run in bfloat16; otherwise in float32.</summary>
    public bool UseBfloat16 { get; init; } = true;

    /// <summary>
    /// Returns the settings that determine the result: all except the checkpoint interval, and the parts of a batch, which change only rounding. Those that
    /// earlier versions did not have are left out at their usual values, so that results of earlier versions stay valid.
    /// </summary>
    public IReadOnlyDictionary<string, object?> ResultSettings()
    {
        var settings = OldSettings();
        foreach (var (name, value, usual) in new[]
        {
            ("weight_decay", Training.WeightDecay, Usual.WeightDecay),
            ("beta1", Training.Beta1, Usual.Beta1),
            ("beta2", Training.Beta2, Usual.Beta2),
            ("dropout", Training.Dropout, Usual.Dropout),
            ("class_dropout", Training.ClassDropout, Usual.ClassDropout),
        }.Where(setting => setting.Item2 != setting.Item3))
        {
            settings[name] = value;
        }

        if (!UseBfloat16)
        {
            settings["dtype"] = "float32";
        }

        return settings;
    }

    private Dictionary<string, object?> OldSettings() => new()
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
