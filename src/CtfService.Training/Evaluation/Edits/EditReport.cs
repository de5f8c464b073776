using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation.Edits;

/// <summary>The quality of edits, written as <c>report.json</c>. docs/evaluation.md defines each figure.</summary>
public sealed record EditReport
{
    /// <summary>Name and version of the program that computed the figures.</summary>
    public required string Software { get; init; }

    public required EvaluatedModel Model { get; init; }

    /// <summary>Name of the extractor of the features.</summary>
    public required string Extractor { get; init; }

    /// <summary>Hash of the extractor. Figures of different hashes cannot be compared.</summary>
    public required string ExtractorHash { get; init; }

    /// <summary>Number of original pictures.</summary>
    public required int Images { get; init; }

    /// <summary>Figures of each mask.</summary>
    public required IReadOnlyList<MaskReport> Masks { get; init; }

    /// <summary>The figures that are null because they are undefined, each with the reason.</summary>
    public required IReadOnlyList<MissingFigure> Missing { get; init; }
}

/// <summary>The figures of one mask.</summary>
/// <param name="EditedShare">Share of the pixels that the mask edits, 0 to 1.</param>
/// <param name="Rows">Originals and reconstructions for comparison, then each method.</param>
public sealed record MaskReport(string Mask, double EditedShare, IReadOnlyList<EditFigures> Rows);

/// <summary>The figures of one set of results.</summary>
/// <param name="Method">How the part under the mask was filled.</param>
/// <param name="ClassAccuracy">Share of the results that the classifier gives the class of the original, 0 to 1.</param>
/// <param name="Fid">FID of the results against the training images.</param>
/// <param name="FidToOriginals">FID of the results against the originals.</param>
/// <param name="Seam">Mean gradient across the border of the mask, divided by that of the originals; 1 means invisible.</param>
/// <param name="SeamBand">The same for the border and the pixels inside, over which a transition may be spread.</param>
public sealed record EditFigures(string Method, double? ClassAccuracy, double? Fid, double? FidToOriginals, double? Seam, double? SeamBand);
