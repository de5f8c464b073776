using TorchSharp.Modules;
using static TorchSharp.torch;
using Convolution = CtfService.Model.Layers.Convolution;
using GroupNorm = CtfService.Model.Layers.GroupNorm;

namespace CtfService.Training.Tokenizer;

/// <summary>
/// Distinguishes real patches from decoded ones: the fully convolutional discriminator of Isola et al. 2017 ("pix2pix", section 3.2.2), which LlamaGen trains
/// its tokenizer with. Adapted to small images: two layers of stride 2, so that a logit covers 34 x 34 pixels; group norm instead of batch norm, so that an
/// image does not depend on its batch.
/// </summary>
internal sealed class PatchDiscriminator : nn.Module<Tensor, Tensor>
{
    private const int Kernel = 4;
    private const double NegativeSlope = 0.2;

    private readonly ModuleList<Convolution> _convolutions;
    private readonly ModuleList<GroupNorm> _norms; // after the second and third convolution

    /// <param name="width">Channels of the first layer, a multiple of 16.</param>
    public PatchDiscriminator(int width)
        : base(nameof(PatchDiscriminator))
    {
        _convolutions =
        [
            new Convolution(3, width, Kernel, stride: 2, padding: 1),
            new Convolution(width, 2 * width, Kernel, stride: 2, padding: 1),
            new Convolution(2 * width, 4 * width, Kernel, stride: 1, padding: 1),
            new Convolution(4 * width, 1, Kernel, stride: 1, padding: 1),
        ];
        _norms = [new GroupNorm(2 * width), new GroupNorm(4 * width)];
        RegisterComponents();
    }

    /// <summary>Images [B, 3, H, W] to logits [B, 1, H/4 - 2, W/4 - 2], high if a patch looks real.</summary>
    public override Tensor forward(Tensor image)
    {
        using var scope = NewDisposeScope();
        var hidden = nn.functional.leaky_relu(_convolutions[0].call(image), NegativeSlope);
        for (var layer = 0; layer < _norms.Count; layer++)
        {
            hidden = nn.functional.leaky_relu(_norms[layer].call(_convolutions[layer + 1].call(hidden)), NegativeSlope);
        }

        return _convolutions[^1].call(hidden).MoveToOuterDisposeScope();
    }
}
