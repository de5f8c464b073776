using CtfService.Core.Generation;
using CtfService.Training.Classification;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>All figures of an evaluation, as <c>report.json</c> has them; docs/evaluation.md defines each.</summary>
public sealed record EvaluationReport
{
    /// <summary>The program that measured.</summary>
    public required string Software { get; init; }

    /// <summary>Null where images were evaluated that were there already.</summary>
    public EvaluatedModel? Model { get; init; }

    public required EvaluatedData Data { get; init; }

    /// <summary>Generated images.</summary>
    public required int Images { get; init; }

    /// <summary>While drawing in batches, on the model's device; null without a model.</summary>
    public double? ImagesPerSecond { get; init; }

    /// <summary>One for each extractor.</summary>
    public required IReadOnlyList<FeatureReport> Features { get; init; }

    /// <summary>How often the classifier names the class that was asked for; null without a classifier.</summary>
    public ClassifierReport? ClassAccuracy { get; init; }

    /// <summary>Of the tokens; null without a model.</summary>
    public TokenReport? Tokens { get; init; }

    /// <summary>Of the test images; null without a model.</summary>
    public TokenizerReport? Tokenizer { get; init; }

    /// <summary>Distance to the nearest training image, pixel by pixel.</summary>
    public required NeighbourFigures PixelNeighbours { get; init; }
}

/// <summary>What was evaluated.</summary>
public sealed record EvaluatedModel(
    string Name, string BundleHash, string? Device, string? Dtype, int ImagesPerClass, ulong Seed, SamplingSettings Coarse, SamplingSettings? Fine);

/// <summary>The real images.</summary>
public sealed record EvaluatedData(int Classes, int ImageWidth, int ImageHeight, int TrainImages, int TestImages);

/// <summary>The figures by one extractor's features.</summary>
/// <param name="Extractor">Figures of different extractors cannot be compared.</param>
/// <param name="ExtractorHash">Nor those of the same kind with other weights.</param>
/// <param name="Generated">The generated images against the training images.</param>
/// <param name="Test">The test images against the training images: what a perfect generator would get.</param>
/// <param name="HalvesOfSameSize">Two halves of the training images, each as large as the generated set or as large as it can be.</param>
/// <param name="Halves">Two halves of all training images.</param>
/// <param name="FidOverHalvesOfSameSize">FID of the generated images over that of <paramref name="HalvesOfSameSize"/>.</param>
/// <param name="FidOverHalves">FID of the generated images over that of <paramref name="Halves"/>.</param>
/// <param name="BySize">FID by the number of images, because it falls with it.</param>
/// <param name="Reconstructions">The tokenizer's reconstructions of test images against the training images: what a perfect choice of tokens would get; null without a model.</param>
/// <param name="ReconstructionFid">rFID: the tokenizer's reconstructions of the test images against the test images; null without a model.</param>
/// <param name="Neighbours">Distance to the nearest training image; null if features are not finite.</param>
/// <param name="Missing">Every figure above that does not exist, and is null for a reason.</param>
public sealed record FeatureReport(
    string Extractor,
    string ExtractorHash,
    SetFigures Generated,
    SetFigures Test,
    HalfDistance HalvesOfSameSize,
    HalfDistance Halves,
    double? FidOverHalvesOfSameSize,
    double? FidOverHalves,
    IReadOnlyList<FidAtSize> BySize,
    SetFigures? Reconstructions,
    double? ReconstructionFid,
    NeighbourFigures? Neighbours,
    IReadOnlyList<MissingFigure> Missing);

/// <param name="ImagesPerClass">Of the generated images, and of each half.</param>
/// <param name="Generated">FID of that many generated images against all training images.</param>
/// <param name="Halves">FID between two halves of that many training images.</param>
public sealed record FidAtSize(int ImagesPerClass, double? Generated, double? Halves);

/// <summary>Use of the codebook and of the clusters.</summary>
/// <param name="TestCodewords">Of the test images' tokens.</param>
/// <param name="GeneratedClusters">Null for a model without clusters.</param>
public sealed record TokenReport(VocabularyUse GeneratedCodewords, VocabularyUse TestCodewords, VocabularyUse? GeneratedClusters, VocabularyUse? TestClusters);

/// <summary>How well the tokenizer gives images back.</summary>
/// <param name="Psnr">Decibels.</param>
/// <param name="Ssim">At most 1.</param>
public sealed record TokenizerReport(int Images, double Psnr, double Ssim);
