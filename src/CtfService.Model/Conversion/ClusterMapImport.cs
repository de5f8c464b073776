using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using static TorchSharp.torch;

namespace CtfService.Model.Conversion;

/// <summary>Reads a cluster map that was made elsewhere: one integer tensor with the cluster of every token.</summary>
internal static class ClusterMapImport
{
    /// <param name="codebook">[K, e], as the decoder reads it; gives the centroids.</param>
    /// <exception cref="CheckpointException">The file holds no such tensor, or it is not a map of this codebook.</exception>
    public static ClusterMap Read(string path, Tensor codebook)
    {
        using var file = CheckpointFile.Open(path);
        var maps = file.Entries.Where(entry => !ElementType.IsFloatingPoint(entry.Dtype) && entry.Shape.Count == 1).ToList();
        if (maps.Count != 1)
        {
            throw new CheckpointException($"{path}: holds {maps.Count} integer tensors of one dimension, expected one, the cluster of every token.");
        }

        if (maps[0].ElementCount != codebook.shape[0])
        {
            throw new CheckpointException($"{path}: '{maps[0].Name}' has {maps[0].ElementCount} entries for {codebook.shape[0]} codewords, expected one each.");
        }

        using var clusters = file.Read(maps[0].Name, ScalarType.Int32);
        try
        {
            return ClusterMap.FromAssignments(clusters.data<int>().ToArray(), codebook);
        }
        catch (ArgumentException error)
        {
            throw new CheckpointException($"{path}: {error.Message}", error);
        }
    }
}
