using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>The figures of an evaluation and the images for its pictures.</summary>
/// <param name="Generated">Generated images, with the class ids of the data set; null if only their statistics are known.</param>
/// <param name="Compared">The generated images that were compared with the training images, in the order of <paramref name="Nearest"/>.</param>
/// <param name="Reconstructions">Reconstructed test images; null without a model.</param>
/// <param name="Tokens">Counts of codewords and clusters; null without a model.</param>
/// <param name="Nearest">The training image nearest to each of <paramref name="Compared"/>.</param>
/// <param name="UnseenDistances">Distances from test images to their nearest training images; empty without test images.</param>
public sealed record EvaluationResult(
    EvaluationReport Report,
    ImageDataset? Generated,
    ImageDataset? Compared,
    Reconstructions? Reconstructions,
    TokenCounts? Tokens,
    IReadOnlyList<NearestImage> Nearest,
    IReadOnlyList<double> UnseenDistances);
