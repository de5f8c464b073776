using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Previews;

/// <summary>
/// Coarse labels to pixels without the fine stage: each label as the centroid of its cluster. A position without a label is shown as the mean codeword, the most
/// neutral thing the decoder knows. Device thread only.
/// </summary>
public sealed class CentroidDecoder : IDisposable
{
    private readonly VqTokenizer _tokenizer;
    private readonly int _gridHeight;
    private readonly int _gridWidth;
    private readonly Tensor _codewords; // [C + 1, e]: the centroids, then the mean codeword

    /// <param name="tokenizer">In evaluation mode, on the device; stays the caller's.</param>
    public CentroidDecoder(VqTokenizer tokenizer, ClusterMap map, int gridHeight, int gridWidth, Device device)
    {
        (_tokenizer, _gridHeight, _gridWidth, Undecided) = (tokenizer, gridHeight, gridWidth, map.ClusterCount);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var centroids = tensor(map.Centroids.ToArray(), [map.ClusterCount, map.CodewordWidth], device: device);
        var mean = tokenizer.Quantizer.Codewords().mean([0], keepdim: true);
        _codewords = cat([centroids, mean]).DetachFromDisposeScope();
    }

    /// <summary>The label of a position that has none yet: C.</summary>
    public int Undecided { get; }

    /// <summary>Images [B, 3, H, W], nominally in [-1, 1].</summary>
    /// <param name="coarseLabels">int64 [B, T], 0..C-1 or <see cref="Undecided"/>.</param>
    public Tensor Decode(Tensor coarseLabels)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var grid = _codewords.index_select(0, coarseLabels.flatten())                 // [B*T, e]
            .reshape(coarseLabels.shape[0], _gridHeight, _gridWidth, -1).permute(0, 3, 1, 2).contiguous(); // [B, e, Gh, Gw]
        return _tokenizer.DecodeCodewords(grid).MoveToOuterDisposeScope();
    }

    public void Dispose() => _codewords.Dispose();
}
