using CtfService.Core.Classes;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>What callers may know of a loaded model.</summary>
public sealed record ModelDescription
{
    /// <summary>Name callers use, from the bundle's manifest.</summary>
    public required string Name { get; init; }

    public required ClassCatalog Classes { get; init; }

    /// <summary>The class id that means "no class": the one after the last.</summary>
    public int NullClass => Classes.Count;

    /// <summary>Pixels.</summary>
    public required int ImageWidth { get; init; }

    /// <summary>Pixels.</summary>
    public required int ImageHeight { get; init; }

    /// <summary>Width x height, as the API writes it.</summary>
    public string ImageSize => $"{ImageWidth}x{ImageHeight}";

    /// <summary>Tokens per image: rows times columns of the token grid.</summary>
    public required int TokenCount { get; init; }

    /// <summary>K: codewords of the tokenizer.</summary>
    public required int CodebookSize { get; init; }

    /// <summary>C: clusters of the codebook; equals K for a plain LlamaGen model.</summary>
    public required int ClusterCount { get; init; }

    /// <summary>True where a fine stage chooses among the members of each cluster.</summary>
    public required bool HasFineStage { get; init; }

    /// <summary>Used where a request does not say.</summary>
    public required SamplingSettings DefaultCoarse { get; init; }

    /// <summary>Used where a request does not say.</summary>
    public required SamplingSettings DefaultFine { get; init; }

    /// <summary>SHA-256 of the manifest, which holds the hash of every weight file: one value for the whole bundle. Lower-case hex.</summary>
    public required string BundleHash { get; init; }

    /// <summary>Kind of device that it computes on, <c>cpu</c> or <c>cuda</c>; null where only the bundle was read. Another kind, or another element type, rounds differently.</summary>
    public string? Device { get; init; }

    /// <summary>Element type of the transformers, such as <c>float32</c>; null where only the bundle was read.</summary>
    public string? Dtype { get; init; }

    /// <summary>
    /// How it rounds, in words: width of the vectors, and libtorch's version and threads where that computes. Two that differ may give other bytes for one
    /// seed. Null if only the bundle was read.
    /// </summary>
    public string? Arithmetic { get; init; }
}
