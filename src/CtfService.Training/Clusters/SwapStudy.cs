using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Sampling;
using CtfService.Model.Tokenizer;
using CtfService.Training.Classification;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Clusters;

/// <summary>
/// Measures how similar the codewords of a cluster are (the paper's figure 1b): replaces every token of an image by a random member of its cluster and decodes
/// the image again. If the image hardly changes, the choice within a cluster carries little information.
/// </summary>
public sealed class SwapStudy : IDisposable
{
    private const int DecodeBatch = 16;

    private readonly VqTokenizer _tokenizer;
    private readonly ImageClassifier? _classifier;
    private readonly Tensor _originals;      // [N, 3, H, W]
    private readonly Tensor _reconstructions; // [N, 3, H, W], clamped
    private readonly long[] _tokens;         // [N, T]
    private readonly (long Height, long Width) _grid;
    private readonly long[] _classes;        // [N]: predicted classes of the reconstructions; empty without a classifier

    /// <param name="tokenizer">On any device; not disposed.</param>
    /// <param name="images">Images that the tokenizer was not trained on; <paramref name="count"/> of them, evenly spaced, are used.</param>
    /// <param name="classifier">Predicts classes before and after the swap, on the same device; null to skip the comparison. Not disposed.</param>
    public SwapStudy(VqTokenizer tokenizer, ImageDataset images, int count, ImageClassifier? classifier = null)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        count = Math.Min(count, images.Count);
        _tokenizer = tokenizer;
        _classifier = classifier;
        var chosen = ImageBatch.Of(images, [.. Enumerable.Range(0, count).Select(i => (int)((long)i * images.Count / count))]);
        _originals = Upload.To(chosen.Pixels, Device).MoveToOuterDisposeScope();
        _grid = (_originals.shape[2] / tokenizer.Config.DownsampleFactor, _originals.shape[3] / tokenizer.Config.DownsampleFactor);
        _tokens = tokenizer.VqEncode(_originals).cpu().data<long>().ToArray();
        _reconstructions = Decode(_tokens).MoveToOuterDisposeScope();
        _classes = Classify(_reconstructions);
        ReconstructionError = (_reconstructions - _originals).square().mean().item<float>();
    }

    private Device Device => _tokenizer.Quantizer.StoredCodewords.device;

    /// <summary>Number of images that are swapped.</summary>
    public int ImageCount => (int)_originals.shape[0];

    /// <summary>Mean squared error of the tokenizer alone; pixels from -1 to 1.</summary>
    public double ReconstructionError { get; }

    /// <summary>Swaps tokens within the clusters of a map and compares the images with those before the swap.</summary>
    public SwapResult Measure(ClusterMap map, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var swapped = Swapped(map, seed, ImageCount);
        return new SwapResult(
            map.ClusterCount,
            (swapped - _reconstructions).square().mean().item<float>(),
            ImageQuality.Psnr(_reconstructions, swapped, range: 2),
            ImageQuality.Psnr(_originals, swapped, range: 2),
            _classifier is null ? null : _classes.Zip(Classify(swapped), (before, after) => before == after ? 1.0 : 0).Average());
    }

    /// <summary>Composes one row for each of some images: the original, its reconstruction, and the swapped image of each map.</summary>
    public RgbImage Picture(IReadOnlyList<ClusterMap> maps, ulong seed, int rows)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        rows = Math.Min(rows, ImageCount);
        var stride = ImageCount / rows;
        Tensor[] columns = [_originals, _reconstructions, .. maps.Select(map => Swapped(map, seed, ImageCount))];
        var tiles = Enumerable.Range(0, rows).SelectMany(row => columns.Select(column => Pixels.ToImage(column[row * stride])));
        return ContactSheet.Compose([.. tiles], columns.Length);
    }

    public void Dispose()
    {
        _originals.Dispose();
        _reconstructions.Dispose();
    }

    private Tensor Swapped(ClusterMap map, ulong seed, int count)
    {
        var positions = _tokens.Length / ImageCount;
        var swapped = new long[count * positions];
        for (var i = 0; i < swapped.Length; i++)
        {
            var members = map.Members[map.ClusterOf((int)_tokens[i])];
            var uniform = CounterRandom.Uniform(seed + (ulong)(i / positions), SamplingStage.Fine, i % positions);
            swapped[i] = members[(int)(uniform * members.Length)];
        }

        return Decode(swapped);
    }

    private Tensor Decode(long[] tokens)
    {
        using var scope = NewDisposeScope();
        using var grids = tensor(tokens, [ImageCount, _grid.Height * _grid.Width], device: Device);
        return cat([.. grids.split(DecodeBatch).Select(part => _tokenizer.VqDecode(part, _grid.Height, _grid.Width).clamp_(-1, 1))]).MoveToOuterDisposeScope();
    }

    private long[] Classify(Tensor images)
    {
        using var scope = NewDisposeScope();
        return _classifier is null ? [] : [.. images.split(DecodeBatch).SelectMany(part => _classifier.forward(part).argmax(1).cpu().data<long>().ToArray())];
    }
}

/// <summary>The effect of swapping tokens within clusters on images.</summary>
/// <param name="SquaredError">Mean squared error against the images before the swap; pixels from -1 to 1.</param>
/// <param name="Psnr">PSNR against the images before the swap, decibels.</param>
/// <param name="PsnrToOriginal">PSNR against the original images, decibels.</param>
/// <param name="Agreement">Share of the images whose predicted class does not change; null without a classifier.</param>
public sealed record SwapResult(int ClusterCount, double SquaredError, double Psnr, double PsnrToOriginal, double? Agreement);
