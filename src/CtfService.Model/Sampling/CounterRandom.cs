namespace CtfService.Model.Sampling;

/// <summary>The stages that draw from an image's random stream. The values determine the numbers that a seed gives: never change them.</summary>
public enum SamplingStage
{
    Coarse = 0,
    Fine = 1,
}

/// <summary>
/// The random stream of an image. Every number is a function of seed, stage, position and draw alone, so an image does not depend on its batch or on the
/// order of draws: Philox with the counter (position, stage, draw, 0) and the seed as key.
/// </summary>
public static class CounterRandom
{
    /// <summary>The largest number that is drawn: 1 - 2^-24.</summary>
    internal const float Largest = 1 - UnitInLastPlace;

    internal const float UnitInLastPlace = 1f / (1 << 24);

    /// <summary>Returns a multiple of 2^-24 in [0, 1), exact in single precision.</summary>
    /// <param name="position">Index of the grid cell in raster order, from 0.</param>
    /// <param name="draw">Index of the number, if a position needs several.</param>
    public static float Uniform(ulong seed, SamplingStage stage, int position, int draw = 0)
    {
        var block = Philox4x32.Block((uint)seed, (uint)(seed >> 32), (uint)position, (uint)stage, (uint)draw);
        return (block.X >> 8) * UnitInLastPlace;
    }
}
