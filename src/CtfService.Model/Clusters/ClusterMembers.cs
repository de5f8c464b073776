using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Clusters;

/// <summary>The members of every cluster as a table on the device, padded to the size of the largest. Owns its tensors.</summary>
public sealed class ClusterMembers : IDisposable
{
    /// <summary>Bytes of head rows that <see cref="Score"/> gathers at once: enough to keep every core busy.</summary>
    public const long DefaultBlockBytes = 64 << 20;

    private readonly Tensor _tokens; // [C, M] int64, padding repeats the first member
    private readonly Tensor _absent; // [C, M] bool, true at padding
    private readonly Tensor _ranks;  // [K] int64: index of each token among the members of its cluster

    public ClusterMembers(ClusterMap map, Device device)
    {
        var width = map.LargestCluster;
        var tokens = new long[map.ClusterCount * width];
        var absent = new bool[map.ClusterCount * width];
        var ranks = new long[map.CodebookSize];
        for (var cluster = 0; cluster < map.ClusterCount; cluster++)
        {
            var members = map.Members[cluster];
            for (var place = 0; place < width; place++)
            {
                absent[(cluster * width) + place] = place >= members.Length;
                tokens[(cluster * width) + place] = members[place < members.Length ? place : 0];
            }

            for (var place = 0; place < members.Length; place++)
            {
                ranks[members[place]] = place;
            }
        }

        Width = width;
        using var scope = NewDisposeScope(); // frees the first tensors if a later one does not fit
        _tokens = tensor(tokens, [map.ClusterCount, width], device: device);
        _absent = tensor(absent, [map.ClusterCount, width], device: device);
        _ranks = tensor(ranks, device: device);
        scope.Detach(_tokens, _absent, _ranks);
    }

    /// <summary>M: the size of the largest cluster.</summary>
    public int Width { get; }

    /// <summary>The maximum size in bytes of the head rows that are gathered at once.</summary>
    internal long BlockBytes { get; init; } = DefaultBlockBytes;

    /// <summary>
    /// Scores only the members of each position's cluster: hidden [N, D], coarse labels [N] and head [K, D] give [N, M], minus infinity at padding.
    /// Costs N * M * D products instead of N * K * D. Head rows are gathered in blocks of at most <see cref="BlockBytes"/> (or two positions), because those of
    /// all positions would take 1.8 GB for eight images of 1,024 positions.
    /// </summary>
    public Tensor Score(Tensor hidden, Tensor coarseLabels, Tensor head)
    {
        using var scope = NewDisposeScope();
        var positions = hidden.shape[0];
        var count = BlockCount(positions, head);
        var blocks = new Tensor[count];
        for (var block = 0; block < count; block++)
        {
            var (first, end) = (block * positions / count, (block + 1) * positions / count);
            blocks[block] = ScoreBlock(hidden.narrow(0, first, end - first), coarseLabels.narrow(0, first, end - first), head);
        }

        return Mask(count == 1 ? blocks[0] : cat(blocks), coarseLabels).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns the smallest number of blocks of at most <see cref="BlockBytes"/>. Every block has at least two positions if there are two: libtorch multiplies
    /// a single one by another method, which sums in another order.
    /// </summary>
    internal long BlockCount(long positions, Tensor head)
    {
        var atOnce = Math.Max(2, BlockBytes / (Width * head.shape[1] * head.element_size()));
        return Math.Clamp((positions + atOnce - 1) / atOnce, 1, Math.Max(1, positions / 2));
    }

    /// <summary>Selects the same scores from those of the whole codebook: logits [N, K] to [N, M]. For training and comparison.</summary>
    public Tensor Select(Tensor logits, Tensor coarseLabels)
    {
        using var scope = NewDisposeScope();
        return Mask(logits.gather(1, _tokens.index_select(0, coarseLabels)), coarseLabels).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the tokens of members: indices int64 [N] among the members of coarse labels [N].</summary>
    public Tensor Tokens(Tensor places, Tensor coarseLabels)
    {
        using var scope = NewDisposeScope();
        return _tokens.index_select(0, coarseLabels).gather(1, places.unsqueeze(1)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the index of each token [..] among the members of its cluster: int64 [N], flat.</summary>
    public Tensor Places(Tensor tokens)
    {
        using var flat = tokens.flatten();
        return _ranks.index_select(0, flat);
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _absent.Dispose();
        _ranks.Dispose();
    }

    /// <summary>Hidden [n, D] to [n, M]. The scores of a position do not depend on the block.</summary>
    private Tensor ScoreBlock(Tensor hidden, Tensor coarseLabels, Tensor head)
    {
        using var scope = NewDisposeScope();
        var type = IsSummedInAnyOrder(head) ? float32 : head.dtype;
        var rows = head.index_select(0, _tokens.index_select(0, coarseLabels).flatten()).to(type); // [n*M, D]
        var scores = matmul(rows.reshape(hidden.shape[0], Width, -1), hidden.unsqueeze(2).to(type)).squeeze(2); // [n, M]
        return scores.to(float32).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns whether libtorch sums products of this type in an order that depends on the number of positions: on processors with AVX512-FP16 it does in
    /// float16.
    /// </summary>
    private static bool IsSummedInAnyOrder(Tensor head) => head.dtype == float16 && head.device_type == TorchSharp.DeviceType.CPU;

    private Tensor Mask(Tensor scores, Tensor coarseLabels) =>
        scores.masked_fill(_absent.index_select(0, coarseLabels), Scalars.Of(float.NegativeInfinity));
}
