using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Imaging;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation;

/// <summary>What a model's tokenizer makes of real images: encoded, quantised, decoded. No generated image can be better than these.</summary>
/// <param name="Originals">The images that were reconstructed.</param>
/// <param name="Images">What became of them, in the same order.</param>
/// <param name="TokenCounts">How often each codeword occurs.</param>
/// <param name="Psnr">Decibels, mean over the images.</param>
/// <param name="Ssim">Mean over the images.</param>
public sealed record Reconstructions(ImageDataset Originals, ImageDataset Images, long[] TokenCounts, double Psnr, double Ssim)
{
    private const int Batch = 32;

    /// <param name="originals">Of the bundle's size.</param>
    /// <param name="device">Where to compute; the CPU where null.</param>
    /// <exception cref="CheckpointException">The tokenizer's weights do not fit its architecture.</exception>
    public static Reconstructions Of(
        Bundle bundle, ImageDataset originals, Device? device, ITrainingProgress progress, CancellationToken cancellation = default)
    {
        using var frozen = no_grad();
        using var tokenizer = Load(bundle, device ?? CPU);
        var images = new List<LabelledImage>();
        var counts = new long[bundle.Manifest.Tokenizer.CodebookSize];
        var (psnr, ssim) = (0.0, 0.0);
        var meter = new TrainingMeter(progress, new TrainingPace(0, originals.Count, BatchSize: 1, ReportEvery: 1));
        foreach (var batch in Enumerable.Range(0, originals.Count).Chunk(Batch))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var reconstruction = tokenizer.call(ImageBatch.Of(originals, batch).Pixels.to(device ?? CPU));
            foreach (var token in reconstruction.Tokens.cpu().data<long>())
            {
                counts[token]++;
            }

            byte[][] restored = [.. batch.Select((_, row) => Pixels.ToImage(reconstruction.Image[row]).Pixels)];
            images.AddRange(restored.Zip(batch, (pixels, index) => new LabelledImage(pixels, originals.ClassIds[index])));
            var (expected, actual) = (Bytes(originals, batch.Select(index => originals.Images[index])), Bytes(originals, restored));
            psnr += ImageQuality.Psnr(expected, actual, byte.MaxValue) * batch.Length;
            ssim += StructuralSimilarity.Of(expected, actual, byte.MaxValue).Sum();
            meter.StepFinished(images.Count, () => new Dictionary<string, double>());
        }

        return new Reconstructions(
            originals,
            new ImageDataset(originals.Width, originals.Height, originals.ClassNames, images), counts, psnr / originals.Count, ssim / originals.Count);
    }

    /// <summary>[B, 3, H, W], 0 to 255.</summary>
    private static Tensor Bytes(ImageDataset dataset, IEnumerable<byte[]> images)
    {
        using var scope = NewDisposeScope();
        byte[] bytes = [.. images.SelectMany(image => image)];
        return tensor(bytes).view(-1, dataset.Height, dataset.Width, 3).permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }

    private static VqTokenizer Load(Bundle bundle, Device device)
    {
        using var weights = SafetensorsFile.Open(bundle.TokenizerPath);
        using var fresh = new ParameterScope(float32, device, initialise: false);
        var tokenizer = new VqTokenizer(bundle.Manifest.Tokenizer with { TracksUsage = false });
        try
        {
            StateDictLoader.Load(tokenizer, weights);
            tokenizer.eval();
            return tokenizer;
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }
}
