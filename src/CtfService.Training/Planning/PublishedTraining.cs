namespace CtfService.Training.Planning;

/// <summary>
/// How the paper's models were trained: LlamaGen's settings (arXiv 2406.06525 and its scripts), which coarse-to-fine prediction (arXiv 2503.16194) builds on,
/// for ImageNet at 256x256 pixels.
/// </summary>
public static class PublishedTraining
{
    /// <summary>Training images of ImageNet-1K.</summary>
    public const int Images = 1_281_167;

    public const int Classes = 1_000;

    /// <summary>Side of the token grid: 256 pixels, 16 for a token.</summary>
    public const int GridSide = 16;

    public const int Codewords = 16_384;

    /// <summary>Float32 weights of VQ-16: 71.9 million.</summary>
    public const long TokenizerBytes = 71_883_403L * sizeof(float);

    public const int Clusters = 512;

    public const int BatchSize = 256;

    /// <summary>Constant, without warm-up.</summary>
    public const double LearningRate = 1e-4;

    public const int Epochs = 300;

    public const double WeightDecay = 0.05;

    public const double MaxGradientNorm = 1;

    /// <summary>Steps of the paper's runs: an incomplete last batch of an epoch is dropped.</summary>
    public const long Steps = Epochs * (long)(Images / BatchSize);

    /// <summary>Guidance scale of the paper's best FID among 1.75, 2 and 2.25.</summary>
    public const double Guidance = 1.75;

    /// <summary>Returns the FID and Inception Score of the published model of a size, plain and coarse to fine; null if there is none at 256 pixels.</summary>
    /// <param name="size">Name of the size, such as B.</param>
    public static PublishedFigures? Figures(string size) => size.ToUpperInvariant() switch
    {
        "B" => new PublishedFigures(5.46, 193.6, 4.15, 255.0),
        "L" => new PublishedFigures(3.80, 248.3, 2.97, 291.5),
        "XL" => new PublishedFigures(3.39, 227.1, 2.76, 299.7),
        _ => null,
    };
}

/// <summary>Figures of a published size on ImageNet at 256x256 pixels; its fine stage has the size L.</summary>
public sealed record PublishedFigures(double PlainFid, double PlainInceptionScore, double CoarseToFineFid, double CoarseToFineInceptionScore);
