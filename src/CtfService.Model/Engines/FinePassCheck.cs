using CtfService.Model.Clusters;
using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

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
