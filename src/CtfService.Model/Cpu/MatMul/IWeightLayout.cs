using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.MatMul;

/// <summary>
/// Storage format of a block: the weights of one vector of output features for a pair of inputs. One load gives the weights of one input for all of these
/// features.
/// </summary>
internal unsafe interface IWeightLayout
{
    /// <summary>Gets the bytes of the two weights of one feature.</summary>
    static abstract int PairBytes { get; }

    /// <summary>Gets whether the sums must be multiplied by a scale per output feature.</summary>
    static abstract bool IsScaled { get; }

    /// <summary>Returns the scale of a feature whose largest absolute weight is <paramref name="largest"/>.</summary>
    static abstract float ScaleOf(float largest);

    /// <summary>Rounds a weight and stores it in its block.</summary>
    /// <param name="second">Whether the weight belongs to the second input of the pair.</param>
    /// <param name="scaledWeight">The weight divided by the scale of its feature.</param>
    static abstract void Write(byte* block, bool second, int lane, int lanes, float scaledWeight);

    /// <summary>Loads the weights of the first input of a pair.</summary>
    static abstract TVector LoadEven<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;

    /// <summary>Loads the weights of the second input of a pair.</summary>
    static abstract TVector LoadOdd<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}

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
