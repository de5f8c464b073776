using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Tokenizer;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>Trains a tokenizer on a data set, as <c>ctf train-tokenizer</c> does.</summary>
public static class TokenizerTraining
{
    /// <summary>Name of the result file in the run's folder.</summary>
    public const string ResultName = "tokenizer.safetensors";

    /// <summary>Share of the run during which unused codewords are moved.</summary>
    private const double RevivalShare = 0.6;

    /// <summary>Trains a tokenizer and writes it to the run's folder.</summary>
    public static void Run(
        ITrainingImages train, ImageDataset heldOut, TokenizerConfig config, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation)
    {
        run.Start(ResultName);
        var options = run.Recorded(PartRecord.Empty.With(PartRecord.ImageSize, train.Width).With(PartRecord.Architecture, config));
        progress.Note(Summary(train, heldOut, config, options));
        manual_seed((long)options.Seed);
        using var tokenizer = PlacedModule.Build(options.Device, () => new VqTokenizer(config));
        using var batches = Batches(train, run, cancellation);
        using var images = new HeldOutImages(heldOut, options.Device);
        using var task = new TokenizerTask(tokenizer, batches, images, lastRevival: (long)(options.Steps * RevivalShare), options.Device);
        new TrainingLoop(options, task, progress).Run(run.Resume, cancellation);
        Save(tokenizer, options, progress);
    }

    /// <summary>Refines the decoder of a trained tokenizer, as <c>ctf refine-decoder</c> does. Tokens stay valid.</summary>
    /// <param name="tokenizerPath">A result of <see cref="Run"/>.</param>
    /// <exception cref="CheckpointException">
    /// The file of the tokenizer or the classifier is missing, damaged or of another kind, or the classifier is for images of another size.
    /// </exception>
    public static void Refine(
        ITrainingImages train,
        ImageDataset heldOut,
        string tokenizerPath,
        DecoderRefinement refinement,
        TrainingRun run,
        ITrainingProgress progress,
        CancellationToken cancellation)
    {
        run.Start(ResultName);
        var device = run.Options.Device;
        using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(tokenizerPath, config => new VqTokenizer(config), device);
        var madeFrom = PartRecord.Empty
            .With(PartRecord.ImageSize, train.Width)
            .With(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer))
            .With("refinement", refinement with { PerceptualPath = null })
            .With("classifier", refinement.PerceptualPath is { } file ? BundleReader.Hash(file) : null);
        var options = run.Recorded(madeFrom);
        progress.Note(Summary(train, heldOut, tokenizer.Config, options));
        using var batches = Batches(train, run, cancellation);
        using var images = new HeldOutImages(heldOut, device);
        manual_seed((long)run.Options.Seed);
        using var classifier = refinement.PerceptualPath is { } path ? LoadClassifier(path, train.Width, device) : null;
        using var task = new DecoderRefinementTask(tokenizer, batches, images, refinement, classifier is null ? null : new PerceptualLoss(classifier));
        new TrainingLoop(options, task, progress).Run(run.Resume, cancellation);
        Save(tokenizer, options, progress);
    }

    private static void Save(VqTokenizer tokenizer, TrainingOptions options, ITrainingProgress progress)
    {
        var path = Path.Combine(options.RunDirectory, ResultName);
        ModelFile.Save(path, tokenizer, tokenizer.Config, options.MadeFrom);
        progress.Note($"Saved {path}.");
    }

    private static string Summary(ITrainingImages train, ImageDataset heldOut, TokenizerConfig config, TrainingOptions options)
    {
        var tokens = train.Width / config.DownsampleFactor * (train.Height / config.DownsampleFactor);
        var about = train.IsCountEstimated ? "about " : "";
        return RunSummary.Of(
            $"{about}{train.Count} training and {heldOut.Count} test images of {train.ClassNames.Count} classes, {train.Width}x{train.Height} pixels, "
            + $"{tokens} tokens per image, {config.CodebookSize} codewords",
            options,
            train.Count);
    }

    private static ImageClassifier LoadClassifier(string path, int imageSize, Device device)
    {
        var classifier = ClassifierFile.Load(path, device);
        if (classifier.ImageSize == imageSize)
        {
            return classifier;
        }

        var size = classifier.ImageSize;
        classifier.Dispose();
        throw new CheckpointException(
            $"{path}: is a classifier of images of {size} pixels; the images of the tokenizer have {imageSize}. "
            + $"Train one with 'ctf train-classifier --image-size {imageSize}'.");
    }

    private static BatchLoader Batches(ITrainingImages train, TrainingRun run, CancellationToken cancellation)
    {
        var options = new BatchOptions
        {
            BatchSize = run.Options.BatchSize,
            Seed = run.Options.Seed,
            BalanceClasses = true,
            Augmentation = run.Augmentation,
        };
        return train.Batches(options, run.Resume ? TrainingCheckpoint.FinishedSteps(run.Options.RunDirectory) : 0, cancellation);
    }
}
