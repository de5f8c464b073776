using CtfService.Model.Sampling;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// The Gumbel noise of the next draws of all rows on the device. Computing it takes many small kernels, so it is computed for several positions at once, when
/// rows have changed or all of it is used.
/// </summary>
/// <param name="positions">T, the number of positions of an image.</param>
/// <param name="vocabulary">V.</param>
internal sealed class NoiseBuffer(int positions, int vocabulary) : IDisposable
{
    /// <summary>The most floats that are computed at once for several positions: 8 MB, and about 6 times that while they are computed.</summary>
    private const int MaxNumbers = 1 << 21;

    private Tensor? _noise; // [R, C, V]
    private int _used;

    /// <summary>Returns the noise of the next draw of each row, [R, V]. A view in the caller's scope.</summary>
    /// <param name="seeds">int64 [R].</param>
    /// <param name="nextPositions">int64 [R].</param>
    public Tensor Next(Tensor seeds, Tensor nextPositions)
    {
        if (_noise is null || _used == _noise.shape[1])
        {
            Clear();
            var count = (int)Math.Clamp(MaxNumbers / (seeds.shape[0] * vocabulary), 1, positions);
            _noise = DeviceNoise.Gumbel(seeds, SamplingStage.Coarse, nextPositions, count, vocabulary).DetachFromDisposeScope();
        }

        return _noise.select(1, _used);
    }

    /// <summary>Moves on to the next position. Until then, <see cref="Next"/> returns the same noise.</summary>
    public void Advance() => _used++;

    /// <summary>Forgets the noise, because the rows or their positions have changed.</summary>
    public void Clear()
    {
        _noise?.Dispose();
        (_noise, _used) = (null, 0);
    }

    public void Dispose() => Clear();
}
