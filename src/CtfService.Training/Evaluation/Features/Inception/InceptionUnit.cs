using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>
/// Convolution without bias, batch norm with stored statistics, ReLU: torchvision's BasicConv2d in evaluation mode. Keys: <c>conv.weight</c> [out, in, kh, kw],
/// <c>bn.weight</c>, <c>bn.bias</c>, <c>bn.running_mean</c> and <c>bn.running_var</c> [out].
/// </summary>
internal sealed class InceptionUnit : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 0.001;

    [ComponentName(Name = "conv")]
    private readonly Conv2d _convolution;

    [ComponentName(Name = "bn")]
    private readonly StoredNorm _norm;

    public InceptionUnit(UnitPlan plan, long inputs)
        : base(plan.Name)
    {
        _convolution = nn.Conv2d(
            inputs, plan.Outputs, (plan.KernelHeight, plan.KernelWidth), (plan.Stride, plan.Stride), (plan.PaddingHeight, plan.PaddingWidth), bias: false);
        _norm = new StoredNorm(plan.Outputs);
        RegisterComponents();
    }

    /// <summary>Maps [B, in, h, w] to [B, out, h', w'].</summary>
    public override Tensor forward(Tensor input)
    {
        using var convolved = _convolution.call(input);
        return _norm.call(convolved);
    }

    /// <summary>Batch norm in evaluation mode, and ReLU. TorchSharp's BatchNorm2d would require a counter that not every file has.</summary>
    private sealed class StoredNorm : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "weight")]
        private readonly Parameter _weight;

        [ComponentName(Name = "bias")]
        private readonly Parameter _bias;

        public StoredNorm(long width)
            : base(nameof(StoredNorm))
        {
            _weight = new Parameter(ones(width));
            _bias = new Parameter(zeros(width));
            RegisterComponents();
            register_buffer("running_mean", zeros(width));
            register_buffer("running_var", ones(width));
        }

        public override Tensor forward(Tensor input) =>
            nn.functional.batch_norm(input, get_buffer("running_mean")!, get_buffer("running_var")!, _weight, _bias, eps: Epsilon).relu_();
    }
}
