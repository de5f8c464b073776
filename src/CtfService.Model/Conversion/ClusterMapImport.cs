using System.Text.RegularExpressions;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Clusters;
using static TorchSharp.torch;

namespace CtfService.Model.Conversion;

/// <summary>
/// Reads a cluster map of another program: one integer for each token, in a PyTorch, safetensors or NumPy file. The integers are the clusters of the tokens
/// or, if each of 0 to K - 1 occurs once, the positions of the tokens in an order whose neighbours form clusters (as published for IAR, arXiv 2501.00880).
/// </summary>
internal static partial class ClusterMapImport
{
    /// <param name="codebook">[K, e], as the decoder reads it; gives the centroids.</param>
    /// <param name="clusterSize">Tokens per cluster if the file contains an order of the tokens; null if it contains clusters.</param>
    /// <param name="expectedClusters">C of the coarse stage, for the advice in messages.</param>
    /// <exception cref="CheckpointException">The file has no such tensor, or the tensor does not map this codebook.</exception>
    public static ClusterMap Read(string path, Tensor codebook, int? clusterSize, int expectedClusters)
    {
        var numbers = Numbers(path, (int)codebook.shape[0]);
        try
        {
            var clusters = IsOrder(numbers) ? FromOrder(path, numbers, clusterSize, expectedClusters) : FromClusters(path, numbers, clusterSize);
            return ClusterMap.FromAssignments(clusters, codebook);
        }
        catch (ArgumentException error)
        {
            throw new CheckpointException($"{path}: {error.Message}", error);
        }
    }

    /// <summary>Reads the only integer tensor with one element for each token.</summary>
    private static long[] Numbers(string path, int codewords)
    {
        using var file = CheckpointFile.Open(path);
        var integers = file.Entries.Where(entry => ElementType.IsInteger(entry.Dtype)).ToList();
        var maps = integers.Where(entry => entry.ElementCount == codewords && entry.Shape.Count(size => size != 1) <= 1).ToList();
        if (maps.Count != 1)
        {
            var found = string.Join(", ", (maps.Count > 0 ? maps : file.Entries).Take(5).Select(entry => $"'{entry.Name}' {entry.Dtype} {entry.ShapeText}"));
            throw new CheckpointException(
                $"{path}: expected one integer tensor with the cluster of each of the {codewords} tokens, [{codewords}]; "
                    + $"it contains {(maps.Count > 0 ? $"{maps.Count} of them: " : "")}{(found.Length > 0 ? found : "no tensor")}.");
        }

        using var tensor = file.Read(maps[0].Name, ScalarType.Int64);
        return tensor.data<long>().ToArray();
    }

    /// <summary>True if each of 0 to K - 1 occurs once.</summary>
    private static bool IsOrder(long[] numbers)
    {
        var seen = new bool[numbers.Length];
        return Array.TrueForAll(numbers, number => number >= 0 && number < seen.Length && !seen[number] && (seen[number] = true));
    }

    private static int[] FromOrder(string path, long[] positions, int? clusterSize, int expectedClusters)
    {
        if (clusterSize is not { } size)
        {
            throw new CheckpointException(
                $"{path}: contains each of 0 to {positions.Length - 1} once: not the cluster of each token, but its position in an order of the tokens. "
                + $"Set --cluster-size N to make N neighbours a cluster (cluster = position / N){Advice(path, positions.Length, expectedClusters)}, "
                    + $"or 1 to make each token its own cluster.");
        }

        return positions.Length % size == 0
            ? [.. positions.Select(position => (int)(position / size))]
            : throw new CheckpointException(
                $"{path}: {positions.Length} tokens cannot be divided into clusters of {size} (--cluster-size)"
                    + $"{Advice(path, positions.Length, expectedClusters)}. Choose a divisor of {positions.Length}.");
    }

    private static int[] FromClusters(string path, long[] clusters, int? clusterSize)
    {
        if (clusterSize is not null)
        {
            throw new CheckpointException(
                $"{path}: contains clusters, {clusters.Distinct().Count()} different values for {clusters.Length} tokens, "
                    + "but --cluster-size requires an order of the tokens. Omit it.");
        }

        var outside = Array.FindIndex(clusters, cluster => cluster < 0 || cluster >= clusters.Length);
        return outside < 0
            ? [.. clusters.Select(cluster => (int)cluster)]
            : throw new CheckpointException($"{path}: token {outside} is in cluster {clusters[outside]}; expected 0 to {clusters.Length - 1}.");
    }

    private static string Advice(string path, int tokens, int expectedClusters)
    {
        var named = SizeInName().Match(Path.GetFileName(path));
        return named.Success ? $"; the file name says {named.Groups[1].Value}"
            : expectedClusters > 0 && tokens % expectedClusters == 0
                ? $"; {tokens / expectedClusters} gives the {expectedClusters} clusters of the coarse stage"
            : "";
    }

    [GeneratedRegex(@"cluster_size=(\d{1,9})")]
    private static partial Regex SizeInName();
}
