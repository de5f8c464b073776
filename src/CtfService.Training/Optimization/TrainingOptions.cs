using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>Options of every run. The defaults suit small models on a CPU.</summary>
public sealed record TrainingOptions
{
    /// <summary>LlamaGen's betas.</summary>
    public const double UsualBeta1 = 0.9;

    /// <inheritdoc cref="UsualBeta1"/>
    public const double UsualBeta2 = 0.95;

    /// <summary>LlamaGen's dropout of activations and of classes.</summary>
    public const double UsualDropout = 0.1;

    /// <summary>Folder of the run: checkpoint, metrics, sample sheets, result.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Training steps.</summary>
    public long Steps { get; init; } = 4000;

    /// <summary>Images per step.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// Parts of the batch that go through the module one after another, so that a large batch fits into memory; their gradients add up. The result differs
    /// from that of one part only by rounding, and by the random numbers of dropout.
    /// </summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Peak learning rate, after the warm-up.</summary>
    public double LearningRate { get; init; } = 5e-4;

    /// <summary>Steps of linear warm-up.</summary>
    public long WarmupSteps { get; init; } = 200;

    /// <summary>Share of the peak at which the cosine schedule ends; 1 keeps the rate constant, so that any step can be the last.</summary>
    public double FinalLearningRateShare { get; init; } = 0.02;

    /// <summary>Weight decay of weights with two or more dimensions.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Decay of AdamW's average of gradients.</summary>
    public double Beta1 { get; init; } = UsualBeta1;

    /// <summary>Decay of AdamW's average of squared gradients.</summary>
    public double Beta2 { get; init; } = UsualBeta2;

    /// <summary>Share of activations that a transformer drops in training: of its embeddings, attention output and feed-forward output.</summary>
    public double Dropout { get; init; } = UsualDropout;

    /// <summary>Share of the images that a transformer is trained on without their class, for guidance (Ho and Salimans 2022).</summary>
    public double ClassDropout { get; init; } = UsualDropout;

    /// <summary>Largest gradient norm; larger gradients are scaled down.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Decay of the moving average of the weights, which is the result of a run; lower in the first steps (<see cref="EmaDecayAt"/>).</summary>
    public double EmaDecay { get; init; } = 0.998;

    public ulong Seed { get; init; }

    /// <summary>Device of the module and its batches.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>
    /// Steps between two fetches of the losses from the device, each of which waits for it; null for every step on the CPU, where waiting costs nothing, and
    /// every report elsewhere. Reports, evaluations and checkpoints fetch them, too.
    /// </summary>
    public int? FetchEvery { get; init; }

    /// <summary>Whether matrix products run in bfloat16; weights stay in float32. <see cref="FasterType"/> finds what is faster.</summary>
    public bool UseBfloat16 { get; init; } = true;

    /// <summary>Steps between checkpoints.</summary>
    public long CheckpointEvery { get; init; } = 500;

    /// <summary>Checkpoints to keep, the last ones; those before the last are in the folder <c>checkpoints</c>, named after their steps.</summary>
    public int KeepCheckpoints { get; init; } = 1;

    /// <summary>Steps between evaluations on held-out images.</summary>
    public long EvaluateEvery { get; init; } = 500;

    /// <summary>Steps between sample sheets; null to write one with every evaluation.</summary>
    public long? SampleEvery { get; init; }

    /// <summary>
    /// Number of evaluations without improvement after which the run stops with the weights of the best one; null to run to the last step and keep the weights
    /// of that.
    /// </summary>
    public int? EarlyStop { get; init; }

    /// <summary>Record that is written with every checkpoint and compared when the run is resumed.</summary>
    public PartRecord MadeFrom { get; init; } = PartRecord.Empty;

    /// <summary>Whether to resume although settings differ from those of the checkpoint.</summary>
    public bool AcceptChanges { get; init; }

    /// <summary>Most floating-point operations that the device does in a second, for the utilisation in reports; null if unknown.</summary>
    public double? PeakFlops { get; init; }

    /// <summary>Finished steps after which the averaged weights are also saved as snapshots, for learning curves.</summary>
    public IReadOnlyList<long> SnapshotSteps { get; init; } = [];

    /// <summary>The type of matrix products; null for that of the weights.</summary>
    internal ScalarType? ComputeType => UseBfloat16 ? ScalarType.BFloat16 : null;

    /// <summary>
    /// Returns the decay of the average after a step: lower than <see cref="EmaDecay"/> at first, so that the random initial weights do not stay in the average
    /// of a short run (as TensorFlow's ExponentialMovingAverage does with num_updates).
    /// </summary>
    /// <param name="step">0..<see cref="Steps"/>-1.</param>
    public double EmaDecayAt(long step) => Math.Min(EmaDecay, (1.0 + step) / (10 + step));

    /// <summary>Returns the learning rate of a step: linear warm-up, then a cosine (Loshchilov and Hutter 2017, "SGDR", eq. 5 with one period).</summary>
    /// <param name="step">0..<see cref="Steps"/>-1.</param>
    public double LearningRateAt(long step)
    {
        if (step < WarmupSteps)
        {
            return LearningRate * (step + 1) / WarmupSteps;
        }

        var progress = (double)(step - WarmupSteps) / Math.Max(Steps - WarmupSteps, 1);
        var cosine = 0.5 * (1 + Math.Cos(Math.PI * Math.Min(progress, 1)));
        return LearningRate * (FinalLearningRateShare + ((1 - FinalLearningRateShare) * cosine));
    }

    /// <summary>Returns one message for each value that is out of range.</summary>
    public IEnumerable<string> Problems()
    {
        string?[] problems =
        [
            TrainingRanges.Problem("steps", Steps, TrainingRanges.Steps),
            TrainingRanges.Problem("batch_size", BatchSize, TrainingRanges.BatchSize),
            Accumulate >= 1 && Accumulate <= BatchSize
                ? null
                : FormattableString.Invariant($"accumulate is {Accumulate}, expected 1 to {BatchSize}, the batch_size"),
            TrainingRanges.Problem("learning_rate", LearningRate, TrainingRanges.LearningRate),
            TrainingRanges.Problem("warmup_steps", WarmupSteps, TrainingRanges.WarmupSteps),
            TrainingRanges.Problem("final_learning_rate_share", FinalLearningRateShare, TrainingRanges.Share),
            TrainingRanges.Problem("weight_decay", WeightDecay, TrainingRanges.Share),
            TrainingRanges.Problem("beta1", Beta1, TrainingRanges.Beta),
            TrainingRanges.Problem("beta2", Beta2, TrainingRanges.Beta),
            TrainingRanges.Problem("dropout", Dropout, TrainingRanges.Dropout),
            TrainingRanges.Problem("class_dropout", ClassDropout, TrainingRanges.Dropout),
            TrainingRanges.Problem("max_gradient_norm", MaxGradientNorm, TrainingRanges.GradientNorm),
            TrainingRanges.Problem("ema_decay", EmaDecay, TrainingRanges.Share),
            TrainingRanges.Problem("checkpoint_every", CheckpointEvery, TrainingRanges.Steps),
            TrainingRanges.Problem("keep_checkpoints", KeepCheckpoints, TrainingRanges.Checkpoints),
            TrainingRanges.Problem("evaluate_every", EvaluateEvery, TrainingRanges.Steps),
            SampleEvery is { } steps ? TrainingRanges.Problem("sample_every", steps, TrainingRanges.Steps) : null,
            EarlyStop is { } evaluations ? TrainingRanges.Problem("early_stop", evaluations, TrainingRanges.Steps) : null,
        ];
        return problems.OfType<string>();
    }
}
