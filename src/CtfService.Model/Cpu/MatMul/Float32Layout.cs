using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>[2 inputs][lanes] of float32.</summary>
internal readonly unsafe struct Float32Layout : IWeightLayout
{
    public static int PairBytes => 2 * sizeof(float);

    public static bool IsScaled => false;

    public static float ScaleOf(float largest) => 1;

    public static void Write(byte* block, bool second, int lane, int lanes, float scaledWeight) =>
        ((float*)block)[(second ? lanes : 0) + lane] = scaledWeight;

    public static TVector LoadEven<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Load((float*)block);

    public static TVector LoadOdd<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Load((float*)block + TSimd.Lanes);
}
