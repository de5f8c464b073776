using System.Collections.Immutable;
using static TorchSharp.torch;

namespace CtfService.Model.Clusters;

/// <summary>
/// Maps codewords to clusters: the coarse label of each token, and the tokens of each coarse label. Holds immutable arrays on the host; device tensors are
/// created where they are used. Thread-safe.
/// </summary>
public sealed class ClusterMap
{
    /// <summary>Differs from the streams of the k-means restarts.</summary>
    private const int RandomStream = -1;

    private ClusterMap(ImmutableArray<int> clusterOfToken, ImmutableArray<float> centroids, int clusterCount)
    {
        ClusterOfToken = clusterOfToken;
        Centroids = centroids;
        ClusterCount = clusterCount;
        Members = GroupTokens(clusterOfToken, clusterCount);
        LargestCluster = Members.Max(members => members.Length);
        IsIdentity = clusterOfToken.Select((cluster, token) => cluster == token).All(same => same);
    }

    /// <summary>K.</summary>
    public int CodebookSize => ClusterOfToken.Length;

    /// <summary>C.</summary>
    public int ClusterCount { get; }

    /// <summary>e: dimensions of a codeword and of a centroid.</summary>
    public int CodewordWidth => Centroids.Length / ClusterCount;

    /// <summary>[K]: the coarse label of each token, 0..C-1.</summary>
    public ImmutableArray<int> ClusterOfToken { get; }

    /// <summary>The tokens of each cluster, ascending; at least one per cluster.</summary>
    public ImmutableArray<ImmutableArray<int>> Members { get; }

    /// <summary>M: the number of tokens in the largest cluster.</summary>
    public int LargestCluster { get; }

    /// <summary>[C, e], row by row: the mean of each cluster's codewords, not scaled back to unit length.</summary>
    public ImmutableArray<float> Centroids { get; }

    /// <summary>True if each codeword is its own cluster with its own index, so that a coarse label is a token.</summary>
    public bool IsIdentity { get; }

    /// <summary>Creates the map of a plain LlamaGen model, in which each codeword is its own cluster.</summary>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length if the tokenizer does so.</param>
    public static ClusterMap Identity(Tensor codebook)
    {
        var (codewords, width) = ToHost(codebook);
        return new([.. Enumerable.Range(0, codewords.Length / width)], [.. codewords], codewords.Length / width);
    }

    /// <summary>Clusters the codebook by k-means; C = K gives the identity.</summary>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length if the tokenizer does so.</param>
    /// <param name="clusterCount">C, 1..K.</param>
    public static ClusterMap Compute(Tensor codebook, int clusterCount, ulong seed)
    {
        var (codewords, width) = ToHost(codebook);
        return clusterCount == codewords.Length / width
            ? Identity(codebook)
            : FromAssignments(KMeans.Fit(codewords, width, clusterCount, seed), codebook);
    }

    /// <summary>Assigns codewords at random to clusters of equal size (±1), as the baseline for k-means.</summary>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length if the tokenizer does so.</param>
    /// <param name="clusterCount">C, 1..K.</param>
    public static ClusterMap Random(Tensor codebook, int clusterCount, ulong seed)
    {
        var count = (int)codebook.shape[0];
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clusterCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(clusterCount, count);
        var random = new UniformStream(seed, RandomStream);
        var clusterOfToken = Enumerable.Range(0, count).Select(token => token % clusterCount).ToArray();
        for (var token = count - 1; token > 0; token--) // Fisher and Yates 1938
        {
            var other = (int)(random.Next() * (token + 1));
            (clusterOfToken[token], clusterOfToken[other]) = (clusterOfToken[other], clusterOfToken[token]);
        }

        return FromAssignments(clusterOfToken, codebook);
    }

    /// <summary>Creates a map from given assignments; the largest one determines the number of clusters.</summary>
    /// <param name="clusterOfToken">[K].</param>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length if the tokenizer does so.</param>
    /// <exception cref="ArgumentException">A cluster is empty or negative, or the lengths differ.</exception>
    public static ClusterMap FromAssignments(IReadOnlyList<int> clusterOfToken, Tensor codebook)
    {
        var (codewords, width) = ToHost(codebook);
        if (clusterOfToken.Count != codewords.Length / width)
        {
            throw new ArgumentException(
                $"{clusterOfToken.Count} assignments for {codewords.Length / width} codewords; expected one per codeword.", nameof(clusterOfToken));
        }

        var clusterCount = (int)Math.Min(clusterOfToken.Max() + 1L, int.MaxValue);
        if (Problem(clusterOfToken, clusterCount) is { } problem)
        {
            throw new ArgumentException($"The assignments are not a cluster map: {problem}.", nameof(clusterOfToken));
        }

        return new([.. clusterOfToken], Means(clusterOfToken, codewords, width, clusterCount), clusterCount);
    }

    /// <summary>Creates a map from stored arrays. Returns null and the problem if they are not a valid map.</summary>
    internal static ClusterMap? TryRestore(int[] clusterOfToken, float[] centroids, int clusterCount, out string? problem)
    {
        problem = Problem(clusterOfToken, clusterCount);
        return problem is null ? new([.. clusterOfToken], [.. centroids], clusterCount) : null;
    }

    public int ClusterOf(int token) => ClusterOfToken[token];

    /// <summary>Returns the coarse label of each token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A token is outside 0..K-1.</exception>
    public int[] Coarsen(ReadOnlySpan<int> tokens)
    {
        var coarseLabels = new int[tokens.Length];
        for (var position = 0; position < tokens.Length; position++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)tokens[position], (uint)CodebookSize, nameof(tokens));
            coarseLabels[position] = ClusterOfToken[tokens[position]];
        }

        return coarseLabels;
    }

    /// <summary>Replaces the file atomically; <see cref="ClusterMapFile"/> describes the format.</summary>
    /// <param name="metadata">Metadata of the file; null for none.</param>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null) => ClusterMapFile.Save(this, path, metadata);

    /// <exception cref="Core.Models.CheckpointException">The file is missing, damaged or not a cluster map.</exception>
    public static ClusterMap Load(string path) => ClusterMapFile.Load(path);

    /// <summary>Returns null if every token is in a cluster 0..C-1 and every cluster has a token.</summary>
    private static string? Problem(IReadOnlyList<int> clusterOfToken, int clusterCount)
    {
        if (clusterCount < 1 || clusterCount > clusterOfToken.Count)
        {
            return $"there are {clusterOfToken.Count} tokens for {clusterCount} clusters; every coarse label needs at least one token";
        }

        var occupied = new bool[clusterCount];
        for (var token = 0; token < clusterOfToken.Count; token++)
        {
            var cluster = clusterOfToken[token];
            if (cluster < 0 || cluster >= clusterCount)
            {
                return $"token {token} is in cluster {cluster}; expected 0..{clusterCount - 1}";
            }

            occupied[cluster] = true;
        }

        var empty = Array.IndexOf(occupied, false);
        return empty < 0 ? null : $"cluster {empty} of {clusterCount} is empty; every coarse label needs at least one token";
    }

    private static ImmutableArray<ImmutableArray<int>> GroupTokens(ImmutableArray<int> clusterOfToken, int clusterCount)
    {
        var members = Enumerable.Range(0, clusterCount).Select(_ => ImmutableArray.CreateBuilder<int>()).ToArray();
        for (var token = 0; token < clusterOfToken.Length; token++)
        {
            members[clusterOfToken[token]].Add(token);
        }

        return [.. members.Select(tokens => tokens.ToImmutable())];
    }

    private static ImmutableArray<float> Means(IReadOnlyList<int> clusterOfToken, float[] codewords, int width, int clusterCount)
    {
        var sums = new double[clusterCount * width];
        var sizes = new int[clusterCount];
        for (var i = 0; i < codewords.Length; i++)
        {
            var (token, dimension) = Math.DivRem(i, width);
            sums[(clusterOfToken[token] * width) + dimension] += codewords[i];
            sizes[clusterOfToken[token]] += dimension == 0 ? 1 : 0;
        }

        return [.. sums.Select((sum, i) => (float)(sum / sizes[i / width]))];
    }

    private static (float[] Codewords, int Width) ToHost(Tensor codebook)
    {
        if (codebook.dim() != 2 || codebook.numel() == 0)
        {
            throw new ArgumentException($"The codebook has the shape [{string.Join(", ", codebook.shape)}]; expected [K, e].", nameof(codebook));
        }

        using var scope = NewDisposeScope();
        return (codebook.detach().to(ScalarType.Float32, CPU).contiguous().data<float>().ToArray(), (int)codebook.shape[1]);
    }
}
