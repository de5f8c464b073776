using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// RMSNorm: x / sqrt(mean(x^2) + epsilon) * weight over the last dimension (Zhang and Sennrich 2019, eq. 4), computed in float32.
/// Key: <c>weight</c> [D].
/// </summary>
internal sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    private readonly float _epsilon;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public RmsNorm(long width, float epsilon)
        : base(nameof(RmsNorm))
    {
        _epsilon = epsilon;
        _weight = ParameterScope.Constant(1, width);
        RegisterComponents();
    }

    /// <summary>Normalizes [.., D].</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var wide = input.to(float32);
        var scale = wide.square().mean([-1], keepdim: true).add_(Scalars.Of(_epsilon)).rsqrt_(); // [.., 1]
        return (wide * scale).to(input.dtype).mul(_weight).MoveToOuterDisposeScope();
    }
}
