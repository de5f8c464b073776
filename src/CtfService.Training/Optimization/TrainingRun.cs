using CtfService.Core.Models;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;

namespace CtfService.Training.Optimization;

/// <summary>A run as the caller requests it.</summary>
/// <param name="Resume">Whether to resume from the run's checkpoint if it exists.</param>
/// <param name="Augmentation">Random changes of the training images.</param>
/// <param name="Data">The <see cref="DataFingerprint"/> of the training images; null if unknown.</param>
/// <param name="Overwrite">Whether to delete the training in the folder and start over.</param>
/// <param name="AcceptChanges">Whether to resume although settings differ from those of the checkpoint.</param>
public sealed record TrainingRun(
    TrainingOptions Options, bool Resume, Augmentation Augmentation, string? Data = null, bool Overwrite = false, bool AcceptChanges = false)
{
    /// <summary>Weights that a training of a transformer begins with; null for random ones.</summary>
    public InitialWeights? InitialWeights { get; init; }

    private static readonly string[] FoldersBesideTheResult = ["samples", "snapshots", TrainingCheckpoint.EarlierName];

    /// <summary>The record of the checkpoint that the run would resume from; null if the run starts at step 0 or the checkpoint has no record.</summary>
    public PartRecord? ResumedFrom => Resume ? TrainingCheckpoint.RecordOf(Options.RunDirectory) : null;

    /// <summary>Throws if the run would start over an earlier training. Changes nothing; call before the images are read.</summary>
    /// <param name="resultName">Name of the result in the run's folder.</param>
    /// <exception cref="CheckpointException">The folder holds a training or its result, and the run neither resumes nor overwrites it.</exception>
    public void RequireStart(string resultName)
    {
        var folder = Options.RunDirectory;
        var finished = TrainingCheckpoint.FinishedSteps(folder);
        if (Overwrite || (Resume && finished > 0))
        {
            return;
        }

        if (finished > 0)
        {
            throw new CheckpointException(
                $"{folder}: holds a training of {finished} steps. Resume from its checkpoint with --resume. {ResumeValidator.Remedies}");
        }

        if (File.Exists(Path.Combine(folder, resultName)))
        {
            throw new CheckpointException($"{folder}: holds a finished {resultName} and no checkpoint to resume from. {ResumeValidator.Remedies}");
        }
    }

    /// <summary>Calls <see cref="RequireStart"/> and deletes what is to be overwritten. The result stays until the new one replaces it.</summary>
    internal void Start(string resultName)
    {
        RequireStart(resultName);
        if (!Overwrite)
        {
            return;
        }

        TrainingCheckpoint.Delete(Options.RunDirectory);
        foreach (var folder in FoldersBesideTheResult.Select(name => Path.Combine(Options.RunDirectory, name)).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Returns the options with the record of what the run makes its part from.</summary>
    internal TrainingOptions Recorded(PartRecord madeFrom) => Options with
    {
        AcceptChanges = AcceptChanges,
        MadeFrom = madeFrom.With(PartRecord.Data, Data).With("augmentation", Augmentation).With(PartRecord.Training, new Dictionary<string, object?>
        {
            ["steps"] = Options.Steps,
            ["batch_size"] = Options.BatchSize,
            ["learning_rate"] = Options.LearningRate,
            ["warmup_steps"] = Options.WarmupSteps,
            ["final_learning_rate_share"] = Options.FinalLearningRateShare,
            ["weight_decay"] = Options.WeightDecay,
            ["max_gradient_norm"] = Options.MaxGradientNorm,
            ["ema_decay"] = Options.EmaDecay,
            ["seed"] = Options.Seed,
            ["bfloat16"] = Options.UseBfloat16,
            ["beta1"] = UnlessUsual(Options.Beta1, TrainingOptions.UsualBeta1),
            ["beta2"] = UnlessUsual(Options.Beta2, TrainingOptions.UsualBeta2),
            ["initial_weights"] = InitialWeights?.Hash,
            ["class_dropout"] = UnlessUsual(Options.ClassDropout, TrainingOptions.UsualDropout),
        }),
    };

    /// <summary>Leaves out settings that earlier versions did not have, so that their checkpoints can be resumed.</summary>
    private static double? UnlessUsual(double value, double usual) => value == usual ? null : value;
}
