using CtfService.Model.Layers;
using CtfService.Model.Loading;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Classification;

/// <summary>Training options of an <see cref="ImageClassifier"/>.</summary>
public sealed record ClassifierTraining
{
    public int Steps { get; init; } = 500;

    /// <summary>Images per step.</summary>
    public int BatchSize { get; init; } = 64;

    public ulong Seed { get; init; }

    /// <summary>Peak learning rate of AdamW.</summary>
    public double LearningRate { get; init; } = 2e-3;

    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Device of the classifier and its batches.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>Whether convolutions run in bfloat16; weights stay in float32.</summary>
    public bool UseBfloat16 { get; init; }

    /// <summary>
    /// Generated images are slightly blurred and have tokenizer artefacts; blur and noise keep the classifier from relying on pixel detail.
    /// </summary>
    public Augmentation Augmentation { get; init; } = new()
    {
        HorizontalFlip = true,
        VerticalFlip = true,
        MaxShift = 4,
        MaxBrightness = 0.1f,
        MaxBlur = 1.2f,
        MaxNoise = 0.05f,
    };
}

/// <summary>
/// Trains the classifier from scratch: AdamW, warm-up and cosine schedule, every class equally often. The same settings give the same batches.
/// </summary>
public static class ClassifierTrainer
{
    /// <returns>The classifier in evaluation mode; owned by the caller.</returns>
    /// <exception cref="DatasetException">There are fewer than two classes.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two steps.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite.</exception>
    public static ImageClassifier Train(
        ITrainingImages dataset, ClassifierTraining training, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(training.Steps);
        RequireSeveralClasses(dataset.ClassNames);
        var batches = new BatchOptions
        {
            BatchSize = training.BatchSize,
            Seed = training.Seed,
            BalanceClasses = true,
            Augmentation = training.Augmentation,
        };
        var classifier = new ImageClassifier(dataset.ClassNames, dataset.Width);
        try
        {
            using var generator = new Generator(training.Seed);
            classifier.Initialize(generator); // on the CPU, so that all devices start from the same weights
            classifier.to(training.Device);
            using var loader = dataset.Batches(batches, cancellation: cancellation);
            Run(classifier, loader, training, new TrainingMeter(progress, new TrainingPace(0, training.Steps, training.BatchSize)));
            classifier.eval();
            return classifier;
        }
        catch
        {
            classifier.Dispose();
            throw;
        }
    }

    /// <summary>Throws if there are fewer than two classes.</summary>
    /// <exception cref="DatasetException">There are fewer than two classes.</exception>
    public static void RequireSeveralClasses(IReadOnlyList<string> classNames)
    {
        if (classNames.Count < 2)
        {
            throw new DatasetException(
                $"The data set has {(classNames.Count == 0 ? "no class" : $"one class, '{classNames[0]}'")}; a classifier needs at least two. "
                + "Add a folder of images for another class.");
        }
    }

    private static void Run(ImageClassifier classifier, BatchLoader loader, ClassifierTraining training, TrainingMeter meter)
    {
        using var exact = ReproducibleCuda.On(training.Device);
        using var pending = new PendingFigures(
            "classifier", () => FormattableString.Invariant($"Train again with a learning rate below {training.LearningRate}."));
        using var optimizer = optim.AdamW(classifier.parameters(), training.LearningRate, weight_decay: training.WeightDecay);
        classifier.train();
        for (var step = 0; step < training.Steps; step++)
        {
            using var scope = NewDisposeScope();
            var batch = loader.Next();
            foreach (var group in optimizer.ParamGroups)
            {
                group.LearningRate = training.LearningRate * RateFactor(step, training.Steps);
            }

            optimizer.zero_grad();
            var loss = Loss(classifier, batch, training);
            pending.Add(step, new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss }), GradientNorms.Unknown(training.Device));
            var fetched = training.Device.type == DeviceType.CPU || meter.ReportsAt(step + 1) ? pending.Fetch() : null;
            loss.backward();
            optimizer.step();
            meter.StepFinished(step + 1, () => fetched!.Losses);
        }
    }

    private static Tensor Loss(ImageClassifier classifier, ImageBatch batch, ClassifierTraining training)
    {
        using var mixed = new Autocast(training.UseBfloat16 ? ScalarType.BFloat16 : null);
        var logits = classifier.forward(Upload.To(batch.Pixels, training.Device));
        return nn.functional.cross_entropy(logits, Upload.To(batch.ClassIds, training.Device));
    }

    /// <summary>Returns the share of the peak learning rate: a warm-up over 5 % of the steps, then a cosine to zero.</summary>
    private static double RateFactor(int step, int steps)
    {
        var warmUp = Math.Max(1, steps / 20);
        return step < warmUp
            ? (step + 1.0) / warmUp
            : 0.5 * (1 + Math.Cos(Math.PI * (step - warmUp) / Math.Max(1, steps - warmUp)));
    }
}
