using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>Square convolution with bias that obeys <see cref="Autocast"/>. Keys: <c>weight</c> [out, in, k, k], <c>bias</c> [out].</summary>
internal sealed class Convolution : nn.Module<Tensor, Tensor>
{
    private readonly long _stride;
    private readonly long _padding;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    public Convolution(long inputWidth, long outputWidth, long kernel, long stride = 1, long padding = 0)
        : base(nameof(Convolution))
    {
        _stride = stride;
        _padding = padding;

        // PyTorch's default for convolutions: uniform within 1/sqrt(fan in).
        var bound = 1 / Math.Sqrt(inputWidth * kernel * kernel);
        _weight = FreshWeights.Uniform(bound, outputWidth, inputWidth, kernel, kernel);
        _bias = FreshWeights.Uniform(bound, outputWidth);
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    public Parameter Bias => _bias;

    /// <summary>[B, in, h, w] to [B, out, h', w'].</summary>
    public override Tensor forward(Tensor input) => Autocast.Convolve(input, _weight, _bias, _stride, _padding);
}
