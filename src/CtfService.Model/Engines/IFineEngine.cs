using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

/// <summary>The transformer with full attention: all positions of an image in one pass, then scores of each position's possible tokens. Stage 2 stands on it. One thread at a time.</summary>
public interface IFineEngine : IDisposable
{
    TransformerConfig Config { get; }

    /// <summary>Images of one pass at most.</summary>
    int Capacity { get; }

    /// <summary>M: size of the largest cluster, scores per position.</summary>
    int LargestCluster { get; }

    /// <summary>Hidden states of every cell after the final norm.</summary>
    /// <param name="classIds">[B].</param>
    /// <param name="coarseLabels">[B, T].</param>
    /// <param name="hidden">[B, T, D], written.</param>
    /// <param name="cancellation">Looked at between two blocks.</param>
    /// <exception cref="ArgumentException">An id is out of range or a buffer does not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; <paramref name="hidden"/> holds nothing of use.</exception>
    void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default);

    /// <summary>Logits of the members of each position's cluster, in the order of the cluster map; minus infinity where a cluster has fewer than M.</summary>
    /// <param name="hidden">[N, D] from <see cref="Run"/>, N at most B * T.</param>
    /// <param name="coarseLabels">[N].</param>
    /// <param name="logits">[N, M], written.</param>
    /// <exception cref="ArgumentException">A label is out of range or a buffer does not fit.</exception>
    void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits);
}
