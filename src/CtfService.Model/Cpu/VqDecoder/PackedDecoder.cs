using CtfService.Model.Cpu.Runtime;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// The packed weights of a tokenizer's decoder, from codewords to pixels; Blocks lists all blocks in the order of computation. Owns its memory.
/// </summary>
/// <param name="Codewords">[K, e], with unit length if the tokenizer normalizes codewords.</param>
internal sealed record PackedDecoder(
    NativeBuffer Codewords,
    PackedConvolution PostQuantizer,
    PackedConvolution Input,
    IReadOnlyList<PackedBlock> Blocks,
    PackedNorm OutputNorm,
    PackedConvolution Output) : IDisposable
{
    public void Dispose()
    {
        Codewords.Dispose();
        PostQuantizer.Dispose();
        Input.Dispose();
        foreach (var block in Blocks)
        {
            block.Dispose();
        }

        OutputNorm.Dispose();
        Output.Dispose();
    }
}

/// <summary>A block of the decoder.</summary>
internal abstract record PackedBlock : IDisposable
{
    public abstract void Dispose();
}

/// <summary>A residual block of two convolutions.</summary>
/// <param name="Shortcut">Null if input and output have the same width.</param>
internal sealed record PackedResidual(
    PackedNorm Norm1, PackedConvolution Convolution1, PackedNorm Norm2, PackedConvolution Convolution2, PackedConvolution? Shortcut) : PackedBlock
{
    public override void Dispose()
    {
        Norm1.Dispose();
        Convolution1.Dispose();
        Norm2.Dispose();
        Convolution2.Dispose();
        Shortcut?.Dispose();
    }
}

/// <summary>An attention block.</summary>
/// <param name="QueryKeyValue">The three projections, concatenated; queries are scaled by 1 / sqrt(C).</param>
internal sealed record PackedAttention(PackedNorm Norm, PackedConvolution QueryKeyValue, PackedConvolution Output) : PackedBlock
{
    public override void Dispose()
    {
        Norm.Dispose();
        QueryKeyValue.Dispose();
        Output.Dispose();
    }
}

/// <summary>Nearest-neighbor upsampling by 2 and the 3x3 convolution after it, as four 2x2 convolutions of the small map.</summary>
internal sealed record PackedUpsampling(PackedConvolution Convolution) : PackedBlock
{
    public override void Dispose() => Convolution.Dispose();
}

/// <summary>The weights of a group norm. Owns its memory.</summary>
/// <param name="width">Channels, a multiple of <see cref="GroupNorm.Groups"/> and therefore whole panels for every vector width.</param>
internal sealed unsafe class PackedNorm(int width, NativeBuffer weights, NativeBuffer biases) : IDisposable
{
    /// <summary>Gets the number of channels.</summary>
    public int Width => width;

    /// <summary>Gets the weights, [C].</summary>
    public float* Weights => weights.Floats;

    /// <summary>Gets the biases, [C].</summary>
    public float* Biases => biases.Floats;

    public void Dispose()
    {
        weights.Dispose();
        biases.Dispose();
    }
}
