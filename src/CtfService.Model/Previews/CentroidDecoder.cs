using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Previews;

/// <summary>
/// Coarse labels to pixels without the fine stage: each label as the centroid of its cluster. A position without a label is shown as the mean of its image's others,
/// so that it keeps to the colours there are; the mean of the whole codebook would tint what is drawn already. Device thread only.
/// </summary>
public sealed class CentroidDecoder : IDisposable
{
    private readonly VqTokenizer _tokenizer;
    private readonly int _gridHeight;
    private readonly int _gridWidth;
    private readonly Tensor _codewords; // [C + 1, e]: the centroids, then zero for a position without a label

    /// <param name="tokenizer">In evaluation mode, on the device; stays the caller's.</param>
    public CentroidDecoder(VqTokenizer tokenizer, ClusterMap map, int gridHeight, int gridWidth, Device device)
    {
        (_tokenizer, _gridHeight, _gridWidth, Undecided) = (tokenizer, gridHeight, gridWidth, map.ClusterCount);
        var table = new float[(map.ClusterCount + 1) * map.CodewordWidth];
        map.Centroids.CopyTo(table);
        _codewords = tensor(table, [map.ClusterCount + 1, map.CodewordWidth], device: device).DetachFromDisposeScope();
    }

    /// <summary>The label of a position that has none yet: C.</summary>
    public int Undecided { get; }

    /// <summary>Images [B, 3, H, W], nominally in [-1, 1].</summary>
    /// <param name="coarseLabels">int64 [B, T], 0..C-1 or <see cref="Undecided"/>.</param>
    public Tensor Decode(Tensor coarseLabels)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (images, positions) = (coarseLabels.shape[0], coarseLabels.shape[1]);
        var codewords = _codewords.index_select(0, coarseLabels.flatten()).reshape(images, positions, -1);        // [B, T, e]
        var decided = coarseLabels.ne(Undecided).unsqueeze(2);                                                    // [B, T, 1]
        var mean = codewords.sum(1, keepdim: true).div(decided.sum(1, keepdim: true).clamp_min(1));               // [B, 1, e]
        var grid = where(decided, codewords, mean)
            .reshape(images, _gridHeight, _gridWidth, -1).permute(0, 3, 1, 2).contiguous();                       // [B, e, Gh, Gw]
        return _tokenizer.DecodeCodewords(grid).MoveToOuterDisposeScope();
    }

    public void Dispose() => _codewords.Dispose();
}
