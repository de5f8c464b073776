using CtfService.Core.Imaging;
using CtfService.Model.Imaging;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Tokenizer;

/// <summary>From a data set to a trained tokenizer: what <c>ctf train-tokenizer</c> does.</summary>
public static class TokenizerTraining
{
    /// <summary>Name of the result in the run's folder.</summary>
    public const string ResultName = "tokenizer.safetensors";

    /// <summary>Held-out images that reconstruction is measured on, evenly spread over the set.</summary>
    private const int HeldOutCount = 256;

    /// <summary>Share of the run during which unused codewords are moved.</summary>
    private const double RevivalShare = 0.6;

    public static void Run(
        ImageDataset train, ImageDataset heldOut, TokenizerConfig config, TrainingRun run, ITrainingProgress progress, CancellationToken cancellation)
    {
        var options = run.Options;
        manual_seed((long)options.Seed);
        using var tokenizer = new VqTokenizer(config);
        var sampler = new BatchSampler(train, new BatchOptions
        {
            BatchSize = options.BatchSize,
            Seed = options.Seed,
            BalanceClasses = true,
            Augmentation = run.Augmentation,
        });
        using var batches = new BatchLoader(train, sampler, run.Resume ? TrainingCheckpoint.FinishedSteps(options.RunDirectory) : 0, cancellation);
        using var images = Spread(heldOut);
        var task = new TokenizerTask(tokenizer, batches, images, lastRevival: (long)(options.Steps * RevivalShare));
        new TrainingLoop(options, task, progress).Run(run.Resume, cancellation);
        ModelFile.Save(Path.Combine(options.RunDirectory, ResultName), tokenizer, config);
    }

    private static Tensor Spread(ImageDataset dataset)
    {
        var count = Math.Min(HeldOutCount, dataset.Count);
        return Pixels.ToTensor([.. Enumerable.Range(0, count)
            .Select(i => new RgbImage(dataset.Width, dataset.Height, dataset.Images[(int)((long)i * dataset.Count / count)]))]);
    }
}
