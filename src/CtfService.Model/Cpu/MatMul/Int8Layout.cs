using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>[2 inputs][lanes] of signed bytes, with one scale per output feature.</summary>
internal readonly unsafe struct Int8Layout : IWeightLayout
{
    private const float Limit = 127;

    public static int PairBytes => 2 * sizeof(sbyte);

    public static bool IsScaled => true;

    public static float ScaleOf(float largest) => largest > 0 ? largest / Limit : 1;

    public static void Write(byte* block, bool second, int lane, int lanes, float scaledWeight) =>
        ((sbyte*)block)[(second ? lanes : 0) + lane] = (sbyte)Math.Clamp(MathF.Round(scaledWeight), -Limit, Limit);

    public static TVector LoadEven<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.LoadInt8((sbyte*)block);

    public static TVector LoadOdd<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.LoadInt8((sbyte*)block + TSimd.Lanes);
}
