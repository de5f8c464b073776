using CtfService.Model.Clusters;
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

/// <summary>Rejects fine passes with ids out of range or buffers of the wrong length.</summary>
internal sealed class FinePassCheck
{
    private readonly TransformerConfig _config;
    private readonly ClusterMap _map;
    private readonly int _capacity;

    public FinePassCheck(TransformerConfig config, ClusterMap map, int capacity)
    {
        if (map.CodebookSize != config.OutputVocabulary || map.ClusterCount != config.InputVocabulary)
        {
            throw new ArgumentException(
                $"The map has {map.CodebookSize} codewords in {map.ClusterCount} clusters; "
                + $"the transformer expects {config.OutputVocabulary} codewords in {config.InputVocabulary} clusters.",
                nameof(map));
        }

        (_config, _map, _capacity) = (config, map, capacity);
    }

    /// <exception cref="ArgumentException">An id is out of range, or a buffer has the wrong length.</exception>
    public void RequireRun(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden)
    {
        if (classIds.Length == 0 || classIds.Length > _capacity)
        {
            throw new ArgumentException($"The pass has {classIds.Length} images; expected 1 to {_capacity}, the engine's capacity.", nameof(classIds));
        }

        RequireLength(coarseLabels.Length, classIds.Length * _config.Positions, nameof(coarseLabels));
        RequireLength(hidden.Length, coarseLabels.Length * _config.Width, nameof(hidden));
        RequireBelow(_config.ClassCount + 1, classIds, nameof(classIds));
        RequireBelow(_map.ClusterCount, coarseLabels, nameof(coarseLabels));
    }

    /// <exception cref="ArgumentException">A label is out of range, or a buffer has the wrong length.</exception>
    public void RequireScores(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
    {
        RequireLength(hidden.Length, coarseLabels.Length * _config.Width, nameof(hidden));
        RequireLength(logits.Length, coarseLabels.Length * _map.LargestCluster, nameof(logits));
        RequireBelow(_map.ClusterCount, coarseLabels, nameof(coarseLabels));
    }

    private static void RequireLength(int length, int expected, string parameter)
    {
        if (length != expected)
        {
            throw new ArgumentException($"{parameter} has {length} elements; expected {expected}.", parameter);
        }
    }

    private static void RequireBelow(int limit, ReadOnlySpan<int> ids, string parameter)
    {
        foreach (var id in ids)
        {
            if ((uint)id >= (uint)limit)
            {
                throw new ArgumentException($"{parameter} contains {id}; expected 0 to {limit - 1}.", parameter);
            }
        }
    }
}
