using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Weights;

/// <summary>[inputs][lanes] floats.</summary>
internal readonly unsafe struct Float32Layout : IWeightLayout
{
    public static int PairBytes => 2 * sizeof(float);

    public static bool IsScaled => false;

    public static float ScaleOf(float largest) => 1;

    public static void Write(byte* panel, int input, int lane, int lanes, float scaledWeight) => ((float*)panel)[(input * lanes) + lane] = scaledWeight;

    public static TVector Even<TVector, TSimd>(byte* pair)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Load((float*)pair);

    public static TVector Odd<TVector, TSimd>(byte* pair)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Load((float*)pair + TSimd.Lanes);
}
