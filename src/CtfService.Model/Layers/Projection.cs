using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>A linear layer without bias, subject to <see cref="Autocast"/>. Key: <c>weight</c> [out, in].</summary>
internal sealed class Projection : nn.Module<Tensor, Tensor>
{
    /// <summary>Standard deviation of initial weights (LlamaGen's initializer_range).</summary>
    public const double InitialDeviation = 0.02;

    [ComponentName(Name = "weight")]
    private readonly Parameter _weight;

    public Projection(long inputWidth, long outputWidth, double initialDeviation = InitialDeviation)
        : base(nameof(Projection))
    {
        _weight = ParameterScope.Normal(initialDeviation, outputWidth, inputWidth);
        RegisterComponents();
    }

    public Parameter Weight => _weight;

    /// <summary>Projects [.., in] to [.., out].</summary>
    public override Tensor forward(Tensor input) => Autocast.Linear(input, _weight);
}
