using CtfService.Core.Models;
using CtfService.Training.Data;
using CtfService.Training.Data.Files;
using CtfService.Training.Parts;

namespace CtfService.Training.Optimization;

/// <summary>One training run as the caller asks for it.</summary>
/// <param name="Resume">Go on from the run's checkpoint if there is one.</param>
/// <param name="Augmentation">Random changes of the training images.</param>
/// <param name="Data">The <see cref="DataFingerprint"/> of the training images; null if it is not known.</param>
/// <param name="Overwrite">Start over: delete the training that the folder holds.</param>
/// <param name="AcceptChanges">Resume although settings differ from those of the checkpoint.</param>
public sealed record TrainingRun(
    TrainingOptions Options, bool Resume, Augmentation Augmentation, string? Data = null, bool Overwrite = false, bool AcceptChanges = false)
{
    private static readonly string[] FoldersBesideTheResult = ["samples", "snapshots"];

    /// <summary>The record of the checkpoint that the run would go on from; null if it starts anew, or the checkpoint has none.</summary>
    public PartRecord? ResumedFrom => Resume ? TrainingCheckpoint.RecordOf(Options.RunDirectory) : null;

    /// <summary>Refuses to start at step 0 over an earlier training. Changes nothing, and is to be called before the images are read.</summary>
    /// <param name="resultName">File that the training leaves in the run's folder.</param>
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
            throw new CheckpointException($"{folder}: holds a training of {finished} steps. Go on from its checkpoint with --resume. {ResumeValidator.WaysOn}");
        }

        if (File.Exists(Path.Combine(folder, resultName)))
        {
            throw new CheckpointException($"{folder}: holds a finished {resultName} and no checkpoint to go on from. {ResumeValidator.WaysOn}");
        }
    }

    /// <summary>As <see cref="RequireStart"/>; then deletes what is to be overwritten. The result stays until the new one replaces it.</summary>
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

    /// <summary>The options, with the record of what the run makes its part from.</summary>
    internal TrainingOptions Recorded(PartRecord madeFrom) => Options with
    {
        AcceptChanges = AcceptChanges,
        MadeFrom = madeFrom.With(PartRecord.Data, Data).With("augmentation", Augmentation).With(PartRecord.Training, new Dictionary<string, object>
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
        }),
    };
}
