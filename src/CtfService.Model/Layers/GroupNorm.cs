using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>Group norm with 32 groups and epsilon 1e-6, as the tokenizer uses it throughout. Keys: <c>weight</c> [C], <c>bias</c> [C].</summary>
public sealed class GroupNorm : nn.Module<Tensor, Tensor>
{
    public const int Groups = 32;
    public const double Epsilon = 1e-6;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter _bias;

    public GroupNorm(long width)
        : base(nameof(GroupNorm))
    {
        _weight = ParameterScope.Constant(1, width);
        _bias = ParameterScope.Constant(0, width);
        RegisterComponents();
    }

    /// <summary>Normalizes [B, C, h, w].</summary>
    public override Tensor forward(Tensor input) => nn.functional.group_norm(input, Groups, _weight, _bias, Epsilon);
}
