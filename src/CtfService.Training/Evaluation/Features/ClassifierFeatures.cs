using System.Security.Cryptography;
using System.Text;
using CtfService.Model.Bundles;
using CtfService.Training.Classification;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>
/// Features of the classifier that <c>ctf train-classifier</c> trained on the data set itself. Small and fast. Figures are comparable only if they come from
/// the same classifier file.
/// </summary>
public sealed class ClassifierFeatures : IFeatureExtractor
{
    /// <summary>Version of the extraction; increase when the same weights give other features.</summary>
    private const string Method = "classifier/1";

    /// <summary>Side of the grid that the spatial features are averaged to: keeps the layout with few enough features for some thousand images.</summary>
    private const int SpatialGrid = 4;

    private readonly ImageClassifier _classifier;

    private ClassifierFeatures(ImageClassifier classifier, string weightsHash)
    {
        _classifier = classifier;
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Method} {weightsHash}")));
    }

    public string Name => "classifier";

    public string Hash { get; }

    public int PooledWidth => ImageClassifier.FeatureWidth;

    public int SpatialWidth => ImageClassifier.MiddleWidth * SpatialGrid * SpatialGrid;

    public IReadOnlyList<string> ClassNames => _classifier.ClassNames;

    public int BatchSize => 128;

    /// <summary>Loads a classifier.</summary>
    /// <param name="path">File that <see cref="ClassifierFile"/> wrote.</param>
    /// <param name="device">Device of the classifier; null for the CPU.</param>
    /// <exception cref="Core.Models.CheckpointException">The file is missing, damaged or not a classifier.</exception>
    public static ClassifierFeatures Load(string path, Device? device = null) => new(ClassifierFile.Load(path, device), BundleReader.Hash(path));

    /// <inheritdoc/>
    public ImageFeatures Extract(Tensor pixels)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var sized = Sized(pixels.to(_classifier.Device));
        var (middle, pooled, logits) = _classifier.Activations(sized);
        var spatial = nn.functional.adaptive_avg_pool2d(middle, SpatialGrid).flatten(1); // [B, 64, H / 4, W / 4] -> [B, 64 * 16]
        return new ImageFeatures(
            pooled.cpu().MoveToOuterDisposeScope(), spatial.cpu().MoveToOuterDisposeScope(), logits.softmax(1).cpu().MoveToOuterDisposeScope());
    }

    public void Dispose() => _classifier.Dispose();

    /// <summary>Scales images to the size that the classifier was trained at; it accepts other sizes, but knows textures only at that scale.</summary>
    private Tensor Sized(Tensor pixels)
    {
        long side = _classifier.ImageSize;
        return pixels.shape[2] == side && pixels.shape[3] == side
            ? pixels.alias()
            : nn.functional.interpolate(pixels, [side, side], mode: InterpolationMode.Bilinear, align_corners: false);
    }
}
