using System.Collections.Immutable;
using static TorchSharp.torch;

namespace CtfService.Model.Clusters;

/// <summary>
/// Codeword -> cluster: which coarse label each token has, and which tokens each coarse label may become. Immutable host arrays,
/// safe on any thread; device tensors are made by whoever needs them.
/// </summary>
public sealed class ClusterMap
{
    /// <summary>Not one of the streams that the starts of k-means take.</summary>
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

    /// <summary>The tokens of each cluster, ascending; at least one each.</summary>
    public ImmutableArray<ImmutableArray<int>> Members { get; }

    /// <summary>M: tokens in the largest cluster.</summary>
    public int LargestCluster { get; }

    /// <summary>[C, e], row by row: the mean of each cluster's codewords, not scaled back to unit length.</summary>
    public ImmutableArray<float> Centroids { get; }

    /// <summary>True where each codeword is its own cluster under its own number, so that a coarse label is a token.</summary>
    public bool IsIdentity { get; }

    /// <summary>Each codeword its own cluster: a plain LlamaGen model.</summary>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length where the tokenizer does that.</param>
    public static ClusterMap Identity(Tensor codebook)
    {
        var (codewords, width) = ToHost(codebook);
        return new([.. Enumerable.Range(0, codewords.Length / width)], [.. codewords], codewords.Length / width);
    }

    /// <summary>Clusters the codebook by k-means; a cluster per codeword gives the identity.</summary>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length where the tokenizer does that.</param>
    /// <param name="clusterCount">C, 1..K.</param>
    public static ClusterMap Compute(Tensor codebook, int clusterCount, ulong seed)
    {
        var (codewords, width) = ToHost(codebook);
        return clusterCount == codewords.Length / width
            ? Identity(codebook)
            : FromAssignments(KMeans.Fit(codewords, width, clusterCount, seed), codebook);
    }

    /// <summary>Codewords dealt out at random into clusters of one size (or one apart): what k-means is compared with.</summary>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length where the tokenizer does that.</param>
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

    /// <summary>A map made elsewhere; there are as many clusters as the largest one says.</summary>
    /// <param name="clusterOfToken">[K].</param>
    /// <param name="codebook">[K, e], as the decoder reads it: scaled to unit length where the tokenizer does that.</param>
    /// <exception cref="ArgumentException">A cluster is empty or negative, or the lengths differ.</exception>
    public static ClusterMap FromAssignments(IReadOnlyList<int> clusterOfToken, Tensor codebook)
    {
        var (codewords, width) = ToHost(codebook);
        if (clusterOfToken.Count != codewords.Length / width)
        {
            throw new ArgumentException(
                $"{clusterOfToken.Count} assignments for {codewords.Length / width} codewords; expected one each.", nameof(clusterOfToken));
        }

        var clusterCount = (int)Math.Min(clusterOfToken.Max() + 1L, int.MaxValue);
        if (Problem(clusterOfToken, clusterCount) is { } problem)
        {
            throw new ArgumentException($"The assignments are not a cluster map: {problem}.", nameof(clusterOfToken));
        }

        return new([.. clusterOfToken], Means(clusterOfToken, codewords, width, clusterCount), clusterCount);
    }

    /// <summary>For arrays that were stored together; null where they do not make a map, with the reason.</summary>
    internal static ClusterMap? TryRestore(int[] clusterOfToken, float[] centroids, int clusterCount, out string? problem)
    {
        problem = Problem(clusterOfToken, clusterCount);
        return problem is null ? new([.. clusterOfToken], [.. centroids], clusterCount) : null;
    }

    public int ClusterOf(int token) => ClusterOfToken[token];

    /// <summary>The coarse label of each token.</summary>
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

    /// <summary>Replaces the file at once; <see cref="ClusterMapFile"/> describes it.</summary>
    /// <param name="metadata">Notes for the file; none if null.</param>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null) => ClusterMapFile.Save(this, path, metadata);

    /// <exception cref="Core.Models.CheckpointException">The file is missing, damaged or not a cluster map.</exception>
    public static ClusterMap Load(string path) => ClusterMapFile.Load(path);

    /// <summary>Null where every token is in 0..C-1 and every cluster has one.</summary>
    private static string? Problem(IReadOnlyList<int> clusterOfToken, int clusterCount)
    {
        if (clusterCount < 1 || clusterCount > clusterOfToken.Count)
        {
            return $"there are {clusterOfToken.Count} tokens for {clusterCount} clusters, and every coarse label needs at least one token";
        }

        var occupied = new bool[clusterCount];
        for (var token = 0; token < clusterOfToken.Count; token++)
        {
            var cluster = clusterOfToken[token];
            if (cluster < 0 || cluster >= clusterCount)
            {
                return $"token {token} is in cluster {cluster}, expected 0..{clusterCount - 1}";
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
            throw new ArgumentException($"The codebook has the shape [{string.Join(", ", codebook.shape)}], expected [K, e].", nameof(codebook));
        }

        using var scope = NewDisposeScope();
        return (codebook.detach().to(ScalarType.Float32, CPU).contiguous().data<float>().ToArray(), (int)codebook.shape[1]);
    }
}
