using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// [lanes][2 inputs] of bfloat16. The two inputs share 32 bits: a shift widens the first to float32, a mask the second.
/// </summary>
internal readonly unsafe struct BFloat16Layout : IWeightLayout
{
    public static int PairBytes => 2 * sizeof(ushort);

    public static bool IsScaled => false;

    public static float ScaleOf(float largest) => 1;

    public static void Write(byte* block, bool second, int lane, int lanes, float scaledWeight) =>
        ((ushort*)block)[(2 * lane) + (second ? 1 : 0)] = BFloat16.FromSingle(scaledWeight);

    public static TVector LoadEven<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.LoadEvenBFloat16((ushort*)block);

    public static TVector LoadOdd<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.LoadOddBFloat16((ushort*)block);
}

/// <summary>Conversion to bfloat16, the upper half of a float32.</summary>
internal static class BFloat16
{
    /// <summary>Rounds a finite value to nearest, ties to even.</summary>
    public static ushort FromSingle(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
