using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>Downsamples by 2: pads one column of zeros on the right and one row at the bottom, then applies a 3x3 convolution with stride 2.</summary>
internal sealed class Downsample : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly Convolution _convolution;

    public Downsample(int width)
        : base(nameof(Downsample))
    {
        _convolution = new Convolution(width, width, kernel: 3, stride: 2);
        RegisterComponents();
    }

    /// <summary>[B, C, h, w] to [B, C, h/2, w/2].</summary>
    public override Tensor forward(Tensor input)
    {
        using var padded = nn.functional.pad(input, [0, 1, 0, 1]);
        return _convolution.call(padded);
    }
}

/// <summary>Upsamples by 2: nearest neighbour, then a 3x3 convolution.</summary>
internal sealed class Upsample : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly Convolution _convolution;

    public Upsample(int width)
        : base(nameof(Upsample))
    {
        _convolution = new Convolution(width, width, kernel: 3, padding: 1);
        RegisterComponents();
    }

    /// <summary>[B, C, h, w] to [B, C, 2h, 2w].</summary>
    public override Tensor forward(Tensor input)
    {
        using var doubled = nn.functional.interpolate(input, scale_factor: [2, 2], mode: InterpolationMode.Nearest);
        return _convolution.call(doubled);
    }
}
