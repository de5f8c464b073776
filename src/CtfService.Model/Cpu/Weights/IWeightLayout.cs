using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Weights;

/// <summary>
/// Layout of one panel: the weights of as many output features as a vector has lanes, inputs in pairs, so that one load is one input's weights for all
/// features of the panel. Inputs of an odd number are filled up with a zero.
/// </summary>
internal unsafe interface IWeightLayout
{
    /// <summary>Bytes of one feature's weights for a pair of inputs.</summary>
    static abstract int PairBytes { get; }

    /// <summary>Whether a product must be multiplied by a scale per output feature.</summary>
    static abstract bool IsScaled { get; }

    /// <summary>The scale for a feature whose largest weight by magnitude is <paramref name="largest"/>.</summary>
    static abstract float ScaleOf(float largest);

    static abstract void Write(byte* panel, int input, int lane, int lanes, float scaledWeight);

    /// <summary>Weights of a pair's first input for one panel.</summary>
    static abstract TVector Even<TVector, TSimd>(byte* pair)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;

    /// <summary>Weights of a pair's second input for one panel.</summary>
    static abstract TVector Odd<TVector, TSimd>(byte* pair)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}
