using CtfService.Model.Cpu.Memory;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>A tokenizer's way from codewords to pixels, packed: blocks of both parts of the decoder in one row. Owns its memory.</summary>
/// <param name="Codewords">[K, e], as they are used: of unit length where the tokenizer normalises.</param>
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

/// <summary>What changes the hidden features.</summary>
internal abstract record PackedBlock : IDisposable
{
    public abstract void Dispose();
}

/// <param name="Shortcut">Null where the width stays.</param>
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

/// <param name="QueryKeyValue">All three behind one another; queries scaled by 1 / sqrt(C) already.</param>
internal sealed record PackedAttention(PackedNorm Norm, PackedConvolution QueryKeyValue, PackedConvolution Output) : PackedBlock
{
    public override void Dispose()
    {
        Norm.Dispose();
        QueryKeyValue.Dispose();
        Output.Dispose();
    }
}

/// <summary>Nearest-neighbour upsampling and the 3x3 convolution behind it as four 2x2 convolutions of the small map.</summary>
internal sealed record PackedUpsampling(PackedConvolution Convolution) : PackedBlock
{
    public override void Dispose() => Convolution.Dispose();
}
