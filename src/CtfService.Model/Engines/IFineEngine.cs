using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

/// <summary>
/// Runs the transformer with full attention for stage 2: all positions of an image in one pass, then the logits of each position's possible tokens.
/// Not thread-safe.
/// </summary>
public interface IFineEngine : IDisposable
{
    TransformerConfig Config { get; }

    /// <summary>The largest number of images in one pass.</summary>
    int Capacity { get; }

    /// <summary>M: the size of the largest cluster and the number of logits per position.</summary>
    int LargestCluster { get; }

    /// <summary>Computes the hidden states of every cell, after the final norm.</summary>
    /// <param name="classIds">[B].</param>
    /// <param name="coarseLabels">[B, T].</param>
    /// <param name="hidden">Receives the hidden states, [B, T, D].</param>
    /// <param name="cancellation">Checked between two blocks.</param>
    /// <exception cref="ArgumentException">An id is out of range, or a buffer has the wrong length.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the content of <paramref name="hidden"/> is undefined.</exception>
    void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default);

    /// <summary>Computes the logits of the members of each position's cluster, in the order of the cluster map, padded with minus infinity to M.</summary>
    /// <param name="hidden">Hidden states [N, D] from <see cref="Run"/>, N at most B * T.</param>
    /// <param name="coarseLabels">[N].</param>
    /// <param name="logits">Receives the logits, [N, M].</param>
    /// <exception cref="ArgumentException">A label is out of range, or a buffer has the wrong length.</exception>
    void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits);
}
