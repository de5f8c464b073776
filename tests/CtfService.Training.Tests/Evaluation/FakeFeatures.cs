using CtfService.Training.Evaluation.Features;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Evaluation;

/// <summary>
/// Features without a network: mean red, green and blue, the corners, and probabilities of the classes "red" and "green" by the brighter channel.
/// </summary>
internal sealed class FakeFeatures : IFeatureExtractor
{
    public int Batches { get; private set; }

    public string Name => "fake";

    public string Hash { get; init; } = new('1', 64);

    public int PooledWidth => 3;

    public int SpatialWidth => 4;

    /// <summary>Whether all features are NaN, as with damaged weights.</summary>
    public bool IsDamaged { get; init; }

    public IReadOnlyList<string>? ClassNames { get; init; } = ["red", "green"];

    public int BatchSize => 5;

    public ImageFeatures Extract(Tensor pixels)
    {
        Batches++;
        using var scope = NewDisposeScope();
        pixels = IsDamaged ? pixels * double.NaN : pixels;
        var pooled = pixels.mean([2, 3]);
        var corners = stack([pixels[.., 0, 0, 0], pixels[.., 0, 0, -1], pixels[.., 0, -1, 0], pixels[.., 0, -1, -1]], 1);
        return new ImageFeatures(
            pooled.MoveToOuterDisposeScope(),
            corners.MoveToOuterDisposeScope(),
            (pooled.narrow(1, 0, 2) * 8).softmax(1).MoveToOuterDisposeScope());
    }

    public void Dispose()
    {
    }
}
