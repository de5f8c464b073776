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

/// <summary>Real images after VQ encode and VQ decode by a model's tokenizer: the upper limit of the quality of generated images.</summary>
/// <param name="Originals">The original images.</param>
/// <param name="Images">Their reconstructions, in the same order.</param>
/// <param name="TokenCounts">How often each codeword occurs.</param>
/// <param name="Psnr">Mean PSNR over the images, decibels.</param>
/// <param name="Ssim">Mean SSIM over the images.</param>
public sealed record Reconstructions(ImageDataset Originals, ImageDataset Images, long[] TokenCounts, double Psnr, double Ssim)
{
    private const int Batch = 32;

    /// <summary>Reconstructs images.</summary>
    /// <param name="originals">Images of the size of the bundle.</param>
    /// <param name="device">Device of the tokenizer; the CPU if null.</param>
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
            new ImageDataset(originals.Width, originals.Height, originals.ClassNames, images),
            counts,
            psnr / originals.Count,
            ssim / originals.Count);
    }

    /// <summary>Returns 8-bit images as a tensor [B, 3, H, W], 0 to 255.</summary>
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
