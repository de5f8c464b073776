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
