namespace CtfService.Model.Cpu.Runtime;

/// <summary>Sizes of cache lines, and rounding up to multiples.</summary>
internal static class Alignment
{
    /// <summary>Bytes of a cache line: what one prefetch loads.</summary>
    public const int CacheLineBytes = 64;

    /// <summary>Floats of a cache line.</summary>
    public const int CacheLineFloats = CacheLineBytes / sizeof(float);

    /// <summary>Returns the smallest multiple of <paramref name="multiple"/> that is at least <paramref name="value"/>.</summary>
    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
