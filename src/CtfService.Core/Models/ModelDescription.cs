using CtfService.Core.Classes;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>Description of a loaded model, for callers.</summary>
public sealed record ModelDescription
{
    /// <summary>Name of the model, from the manifest of the bundle.</summary>
    public required string Name { get; init; }

    public required ClassCatalog Classes { get; init; }

    /// <summary>Class id of the null class: the number of classes.</summary>
    public int NullClass => Classes.Count;

    /// <summary>Width of an image in pixels.</summary>
    public required int ImageWidth { get; init; }

    /// <summary>Height of an image in pixels.</summary>
    public required int ImageHeight { get; init; }

    /// <summary>Image size as the API writes it, such as <c>64x64</c>.</summary>
    public string ImageSize => $"{ImageWidth}x{ImageHeight}";

    /// <summary>Number of tokens of an image: rows times columns of the token grid.</summary>
    public required int TokenCount { get; init; }

    /// <summary>Columns and rows of the token grid; the cell of each position is a square of pixels.</summary>
    public (int Width, int Height) TokenGrid
    {
        get
        {
            var side = (int)Math.Round(Math.Sqrt((double)ImageWidth * ImageHeight / TokenCount));
            return (ImageWidth / side, ImageHeight / side);
        }
    }

    /// <summary>K: number of codewords of the tokenizer.</summary>
    public required int CodebookSize { get; init; }

    /// <summary>C: number of clusters of the codebook; equal to K for a plain LlamaGen model.</summary>
    public required int ClusterCount { get; init; }

    /// <summary>[K]: the cluster of each token, 0 to C-1; null if only the bundle was read.</summary>
    public IReadOnlyList<int>? ClusterOfToken { get; init; }

    /// <summary>True if a fine stage chooses among the members of each cluster.</summary>
    public required bool HasFineStage { get; init; }

    /// <summary>Default sampling of the coarse labels.</summary>
    public required SamplingSettings DefaultCoarse { get; init; }

    /// <summary>Default sampling of the fine labels.</summary>
    public required SamplingSettings DefaultFine { get; init; }

    /// <summary>
    /// SHA-256 of the manifest without recorded evaluation, expectation and usual labels, in lower-case hex. The manifest contains the hash of every weight
    /// file, so this value identifies everything that determines an image.
    /// </summary>
    public required string BundleHash { get; init; }

    /// <summary>
    /// Kind of device that the model runs on, <c>cpu</c> or <c>cuda</c>; null if only the bundle was read. Another kind, or another element type, rounds
    /// differently.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>Element type of the transformers, such as <c>float32</c>; null if only the bundle was read.</summary>
    public string? Dtype { get; init; }

    /// <summary>Why this element type was chosen, as a clause; null if the user named it, or if only the bundle was read.</summary>
    public string? DtypeReason { get; init; }

    /// <summary>
    /// Positions of an image in each decode step, at least 2, if images depend on it, which they do if libtorch computes the coarse stage; otherwise null.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>
    /// Description of the arithmetic: the architecture, and version, threads and vector width of libtorch and the positions of an image in a step if it
    /// computes. Models with different values may give different bytes for the same seed. Null if only the bundle was read.
    /// </summary>
    public string? Arithmetic { get; init; }

    /// <summary>True if the CPU computes without fused multiply-add, which is emulated and slow.</summary>
    public bool EmulatesFma { get; init; }

    /// <summary>What the warm-up image must be; null if the bundle does not record it for this version, element type and arithmetic.</summary>
    public ExpectedImage? Expected { get; init; }
}
