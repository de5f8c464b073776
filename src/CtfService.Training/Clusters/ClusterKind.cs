using CtfService.Model.Clusters;
using static TorchSharp.torch;

namespace CtfService.Training.Clusters;

/// <summary>How codewords are assigned to clusters.</summary>
public enum ClusterKind
{
    /// <summary>By k-means on the codewords.</summary>
    Kmeans,

    /// <summary>At random, as a baseline for k-means.</summary>
    Random,
}

/// <summary>Computes the cluster map of a kind.</summary>
internal static class ClusterKinds
{
    /// <param name="codewords">[K, e].</param>
    public static ClusterMap Compute(this ClusterKind kind, Tensor codewords, int clusters, ulong seed) => kind == ClusterKind.Random
        ? ClusterMap.Random(codewords, clusters, seed)
        : ClusterMap.Compute(codewords, clusters, seed);
}
