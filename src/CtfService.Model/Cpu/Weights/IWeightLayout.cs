using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Weights;

/// <summary>
/// Layout of one block: the weights of as many output features as a vector has lanes for a pair of inputs, so that one load is one input's weights for all
/// of the features.
/// </summary>
internal unsafe interface IWeightLayout
{
    /// <summary>Bytes of one feature's weights for a pair of inputs.</summary>
    static abstract int PairBytes { get; }

    /// <summary>Whether a product must be multiplied by a scale per output feature.</summary>
    static abstract bool IsScaled { get; }

    /// <summary>The scale for a feature whose largest weight by magnitude is <paramref name="largest"/>.</summary>
    static abstract float ScaleOf(float largest);

    /// <param name="second">Whether the weight belongs to the pair's second input.</param>
    static abstract void Write(byte* block, bool second, int lane, int lanes, float scaledWeight);

    /// <summary>Weights of a pair's first input.</summary>
    static abstract TVector LoadEven<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;

    /// <summary>Weights of a pair's second input.</summary>
    static abstract TVector LoadOdd<TVector, TSimd>(byte* block)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}
