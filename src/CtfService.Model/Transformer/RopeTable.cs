using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Transformer;

/// <summary>
/// Two-dimensional rotary table (RoFormer, Su et al. 2021, extended to a grid as in LlamaGen). Row 0 is the class position and all zeros, so that its queries
/// and keys vanish. Row t+1 has the angles of cell t: the first half from its grid row, the second half from its column.
/// </summary>
internal sealed class RopeTable : IDisposable
{
    private readonly Tensor _cosine; // [1+T, Dh/2]
    private readonly Tensor _sine;   // [1+T, Dh/2]

    public RopeTable(TransformerConfig config, Device device)
    {
        using var scope = NewDisposeScope();
        var half = config.HeadWidth / 2;
        var exponents = arange(0, half / 2, float32) * (-2.0 / half);
        var frequencies = pow(config.RopeBase, exponents);                         // [Dh/4]
        var rows = arange(config.GridHeight, float32).outer(frequencies);          // [Gh, Dh/4]
        var columns = arange(config.GridWidth, float32).outer(frequencies);        // [Gw, Dh/4]
        var angles = cat(
            [
                rows.unsqueeze(1).expand(config.GridHeight, config.GridWidth, -1),
                columns.unsqueeze(0).expand(config.GridHeight, config.GridWidth, -1),
            ],
            dim: -1).reshape(config.Positions, half);                              // [T, Dh/2]
        var classPosition = zeros(1, half);
        _cosine = cat([classPosition, angles.cos()]).to(device);
        _sine = cat([classPosition, angles.sin()]).to(device);
        scope.Detach(_cosine, _sine);
    }

    /// <summary>Returns the cosines and sines of positions first..first+count-1, both [count, 1, Dh/2], as views of the table.</summary>
    public RopeSlice Slice(long first, long count) =>
        new(_cosine.narrow(0, first, count).unsqueeze(1), _sine.narrow(0, first, count).unsqueeze(1));

    /// <summary>Returns the cosines and sines of some positions of each row, int64 [R, S], both [R, S, 1, Dh/2].</summary>
    public RopeSlice Pick(Tensor positions) => new(EmbeddingTable.Rows(_cosine, positions).unsqueeze(2), EmbeddingTable.Rows(_sine, positions).unsqueeze(2));

    public void Dispose()
    {
        _cosine.Dispose();
        _sine.Dispose();
    }
}

/// <summary>Cosines and sines of some positions.</summary>
internal sealed record RopeSlice(Tensor Cosine, Tensor Sine)
{
    /// <summary>Rotates interleaved pairs (a, b) to (a cos - b sin, b cos + a sin): [R, S, H, Dh] to the same, computed in float32.</summary>
    public Tensor Rotate(Tensor heads)
    {
        using var scope = NewDisposeScope();
        var pairs = heads.to(float32).unflatten(3, [-1, 2]); // [R, S, H, Dh/2, 2]
        var (a, b) = (pairs.select(-1, 0), pairs.select(-1, 1));
        return stack([(a * Cosine) - (b * Sine), (b * Cosine) + (a * Sine)], dim: -1)
            .flatten(3).to(heads.dtype).MoveToOuterDisposeScope();
    }
}
