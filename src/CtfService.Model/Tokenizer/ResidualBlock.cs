using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>Adds two normalised 3x3 convolutions to their input. If the width changes, the input passes through a 1x1 convolution.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "norm1")]
    private readonly GroupNorm _norm1;

    [ComponentName(Name = "conv1")]
    private readonly Convolution _conv1;

    [ComponentName(Name = "norm2")]
    private readonly GroupNorm _norm2;

    [ComponentName(Name = "conv2")]
    private readonly Convolution _conv2;

    [ComponentName(Name = "nin_shortcut")]
    private readonly Convolution? _shortcut;

    public ResidualBlock(int inputWidth, int outputWidth)
        : base(nameof(ResidualBlock))
    {
        _norm1 = new GroupNorm(inputWidth);
        _conv1 = new Convolution(inputWidth, outputWidth, kernel: 3, padding: 1);
        _norm2 = new GroupNorm(outputWidth);
        _conv2 = new Convolution(outputWidth, outputWidth, kernel: 3, padding: 1);
        _shortcut = inputWidth == outputWidth ? null : new Convolution(inputWidth, outputWidth, kernel: 1);
        RegisterComponents();
    }

    /// <summary>[B, in, h, w] to [B, out, h, w].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var hidden = _conv1.call(nn.functional.silu(_norm1.call(input)));
        hidden = _conv2.call(nn.functional.silu(_norm2.call(hidden)));
        var carried = _shortcut is null ? input : _shortcut.call(input);
        return hidden.add(carried).MoveToOuterDisposeScope();
    }
}
