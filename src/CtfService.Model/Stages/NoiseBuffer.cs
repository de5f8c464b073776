using CtfService.Model.Sampling;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// The Gumbel noise of the next draws of all rows on the device. Computing it takes many small kernels, so it is computed for several positions at once, when
/// rows have changed or all of it is used.
/// </summary>
/// <param name="positions">T, the number of positions of an image.</param>
/// <param name="vocabulary">V.</param>
/// <param name="window">W: the positions of a row in a step.</param>
internal sealed class NoiseBuffer(int positions, int vocabulary, int window) : IDisposable
{
    /// <summary>
    /// The most floats that are computed at once, unless a few steps need more: 8 MB, and about 6 times that while they are computed.
    /// </summary>
    private const int MaxNumbers = 1 << 21;

    private Tensor? _noise; // [R, C, V]
    private Tensor? _first; // int64 [R]: the position of each row's first noise
    private int _used;      // by the row that has advanced farthest

    /// <summary>With windows, noise is used again by later steps.</summary>
    private int LeastPositions => window == 1 ? 1 : 2 * window;

    /// <summary>Returns the noise of the next window of each row, [R * W, V]. Belongs to the caller's scope.</summary>
    /// <param name="seeds">int64 [R].</param>
    /// <param name="nextPositions">int64 [R]: the first position of each window.</param>
    public Tensor Next(Tensor seeds, Tensor nextPositions)
    {
        if (_noise is null || _used + window > _noise.shape[1])
        {
            Clear();
            var count = (int)Math.Min(Math.Max(MaxNumbers / (seeds.shape[0] * vocabulary), LeastPositions), positions + window - 1);
            _first = nextPositions.clone().DetachFromDisposeScope();
            _noise = DeviceNoise.Gumbel(seeds, SamplingStage.Coarse, nextPositions, count, vocabulary).DetachFromDisposeScope();
        }

        return window == 1 ? _noise.select(1, _used) : Pick(_noise, nextPositions - _first!);
    }

    /// <summary>Moves on. Until then, <see cref="Next"/> returns the same noise.</summary>
    /// <param name="most">The largest number of positions by which a row advances.</param>
    public void Advance(int most) => _used += most;

    /// <summary>Forgets the noise, because the rows or their positions have changed.</summary>
    public void Clear()
    {
        _noise?.Dispose();
        _first?.Dispose();
        (_noise, _first, _used) = (null, null, 0);
    }

    public void Dispose() => Clear();

    /// <summary>Returns W noises of each row from a place on, [R * W, V].</summary>
    private Tensor Pick(Tensor noise, Tensor places)
    {
        using var scope = NewDisposeScope();
        var (rows, count) = (noise.shape[0], noise.shape[1]);
        var firsts = (arange(rows, int64, noise.device) * count) + places;                       // [R]
        var all = (firsts.unsqueeze(1) + arange(window, int64, noise.device)).flatten();         // [R * W]
        return noise.reshape(-1, vocabulary).index_select(0, all).MoveToOuterDisposeScope();
    }
}
