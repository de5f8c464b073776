using CtfService.Model.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>Single-head attention over all pixels of a feature map, added to its input. The projections are 1x1 convolutions.</summary>
internal sealed class SpatialAttention : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "norm")]
    private readonly GroupNorm _norm;

    [ComponentName(Name = "q")]
    private readonly Convolution _query;

    [ComponentName(Name = "k")]
    private readonly Convolution _key;

    [ComponentName(Name = "v")]
    private readonly Convolution _value;

    [ComponentName(Name = "proj_out")]
    private readonly Convolution _output;

    public SpatialAttention(int width)
        : base(nameof(SpatialAttention))
    {
        _norm = new GroupNorm(width);
        _query = new Convolution(width, width, kernel: 1);
        _key = new Convolution(width, width, kernel: 1);
        _value = new Convolution(width, width, kernel: 1);
        _output = new Convolution(width, width, kernel: 1);
        RegisterComponents();
    }

    /// <summary>[B, C, h, w] to [B, C, h, w].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var normalized = _norm.call(input);
        var attended = Autocast.Attend(
            Positions(_query.call(normalized)),
            Positions(_key.call(normalized)),
            Positions(_value.call(normalized)),
            mask: null,
            causal: false); // [B, 1, h*w, C]

        // [B, C, h, w]. Contiguous, because with channels last all later layers sum in another order.
        var mixed = attended.squeeze(1).transpose(1, 2).reshape(input.shape).contiguous();
        return _output.call(mixed).add(input).MoveToOuterDisposeScope();
    }

    /// <summary>[B, C, h, w] to [B, 1, h*w, C].</summary>
    private static Tensor Positions(Tensor features) => features.flatten(2).transpose(1, 2).unsqueeze(1);
}
