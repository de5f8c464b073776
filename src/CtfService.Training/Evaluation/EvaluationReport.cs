using CtfService.Core.Generation;
using CtfService.Training.Classification;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>All figures of an evaluation, written as <c>report.json</c>. docs/evaluation.md defines each figure.</summary>
public sealed record EvaluationReport
{
    /// <summary>Name and version of the program that computed the figures.</summary>
    public required string Software { get; init; }

    /// <summary>The model; null if existing images were evaluated.</summary>
    public EvaluatedModel? Model { get; init; }

    public required EvaluatedData Data { get; init; }

    /// <summary>Number of generated images; null if only their statistics are known.</summary>
    public required int? Images { get; init; }

    /// <summary>Sampling speed in batches on the model's device; null without a model.</summary>
    public double? ImagesPerSecond { get; init; }

    /// <summary>Figures of each extractor.</summary>
    public required IReadOnlyList<FeatureReport> Features { get; init; }

    /// <summary>How often the classifier predicts the requested class; null without a classifier.</summary>
    public ClassifierReport? ClassAccuracy { get; init; }

    /// <summary>Use of codewords and clusters; null without a model.</summary>
    public TokenReport? Tokens { get; init; }

    /// <summary>Quality of the reconstructed test images; null without a model.</summary>
    public TokenizerReport? Tokenizer { get; init; }

    /// <summary>Pixel distances to the nearest training images; null without training, test or generated images.</summary>
    public required NeighbourFigures? PixelNeighbours { get; init; }

    /// <summary>The figures above that are null because images or labels are missing, each with the reason.</summary>
    public IReadOnlyList<MissingFigure> Missing { get; init; } = [];
}

/// <summary>The evaluated model and its sampling settings.</summary>
public sealed record EvaluatedModel(
    string Name, string BundleHash, string? Device, string? Dtype, int ImagesPerClass, ulong Seed, SamplingSettings Coarse, SamplingSettings? Fine);

/// <summary>The real images.</summary>
/// <param name="Classes">Number of classes; 0 if the images have no labels or only statistics are known.</param>
/// <param name="ImageWidth">Width of the compared images, pixels; null if there are only statistics.</param>
/// <param name="TrainImages">Null if only statistics are known.</param>
/// <param name="TestImages">Null if there are none.</param>
public sealed record EvaluatedData(int Classes, int? ImageWidth, int? ImageHeight, int? TrainImages, int? TestImages);

/// <summary>Figures computed from the features of one extractor.</summary>
/// <param name="Extractor">Name of the extractor. Figures of different extractors cannot be compared.</param>
/// <param name="ExtractorHash">Hash of the extractor. Figures of different hashes cannot be compared either.</param>
/// <param name="Generated">The generated images against the training images.</param>
/// <param name="Test">The test images against the training images: the result of a perfect generator; null without test images.</param>
/// <param name="HalvesOfSameSize">Two halves of the training images, each as large as the generated set if there are enough images.</param>
/// <param name="Halves">Two halves of all training images.</param>
/// <param name="FidOverHalvesOfSameSize">FID of the generated images divided by that of <paramref name="HalvesOfSameSize"/>.</param>
/// <param name="FidOverHalves">FID of the generated images divided by that of <paramref name="Halves"/>.</param>
/// <param name="BySize">FID for several numbers of images, because FID falls as that number grows.</param>
/// <param name="Reconstructions">
/// The tokenizer's reconstructions of test images against the training images: the result of a perfect choice of tokens; null without a model.
/// </param>
/// <param name="ReconstructionFid">rFID: the tokenizer's reconstructions of the test images against the test images; null without a model.</param>
/// <param name="Neighbours">Distances to the nearest training images; null if features are not finite.</param>
/// <param name="Missing">The figures above that are null because they are undefined, each with the reason.</param>
public sealed record FeatureReport(
    string Extractor,
    string ExtractorHash,
    SetFigures Generated,
    SetFigures? Test,
    HalfDistance HalvesOfSameSize,
    HalfDistance Halves,
    double? FidOverHalvesOfSameSize,
    double? FidOverHalves,
    IReadOnlyList<FidAtSize> BySize,
    SetFigures? Reconstructions,
    double? ReconstructionFid,
    NeighbourFigures? Neighbours,
    IReadOnlyList<MissingFigure> Missing);

/// <summary>FID for one number of images.</summary>
/// <param name="ImagesPerClass">Generated images per class, and images per class in each half.</param>
/// <param name="Generated">FID of that many generated images against all training images.</param>
/// <param name="Halves">FID between two halves of that many training images.</param>
public sealed record FidAtSize(int ImagesPerClass, double? Generated, double? Halves);

/// <summary>Use of the codebook and of the clusters.</summary>
/// <param name="TestCodewords">Codewords in the tokens of the test images.</param>
/// <param name="GeneratedClusters">Null for a model without clusters.</param>
public sealed record TokenReport(VocabularyUse GeneratedCodewords, VocabularyUse TestCodewords, VocabularyUse? GeneratedClusters, VocabularyUse? TestClusters);

/// <summary>Quality of the tokenizer's reconstructions.</summary>
/// <param name="Psnr">PSNR, decibels.</param>
/// <param name="Ssim">SSIM, at most 1.</param>
public sealed record TokenizerReport(int Images, double Psnr, double Ssim);
