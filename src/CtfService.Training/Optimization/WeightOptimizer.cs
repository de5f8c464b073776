using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) as LlamaGen uses it: decay only on weights with two or more dimensions, gradients clipped to a total norm. Nothing here
/// waits for the device.
/// </summary>
internal sealed class WeightOptimizer : IDisposable
{
    private const double Epsilon = 1e-8;

    /// <summary>Keeps the share of a vanishing gradient finite, as PyTorch's clip_grad_norm_ does.</summary>
    private const double NormFloor = 1e-6;

    private readonly List<(string Name, Parameter Weight)> _parameters;
    private readonly double _maxGradientNorm;
    private readonly AdamW _adam;

    /// <param name="weightDecay">Decay of weights with two or more dimensions; the others have none.</param>
    /// <param name="maxGradientNorm">Largest norm over all parameters; larger gradients are scaled down.</param>
    /// <param name="beta1">Decay of the average of gradients.</param>
    /// <param name="beta2">Decay of the average of squared gradients.</param>
    public WeightOptimizer(
        nn.Module module,
        double weightDecay,
        double maxGradientNorm,
        double beta1 = TrainingOptions.UsualBeta1,
        double beta2 = TrainingOptions.UsualBeta2)
    {
        AdamW.Options Settings(double decay) => new() { beta1 = beta1, beta2 = beta2, eps = Epsilon, weight_decay = decay };
        var names = module.named_parameters().ToDictionary(entry => entry.parameter.Handle, entry => entry.name);
        _parameters = [.. module.parameters().Where(weight => weight.requires_grad).Select(weight => (names[weight.Handle], weight))];
        _maxGradientNorm = maxGradientNorm;
        var matrices = new AdamW.ParamGroup(Weights(isMatrix: true), Settings(weightDecay));
        var vectors = new AdamW.ParamGroup(Weights(isMatrix: false), Settings(decay: 0));
        _adam = optim.AdamW([matrices, vectors]);
        Moments = new AdamMoments(_adam, [.. _parameters.Where(entry => IsMatrix(entry.Weight)).Concat(_parameters.Where(entry => !IsMatrix(entry.Weight)))]);
    }

    /// <summary>The moments, which a checkpoint keeps.</summary>
    public AdamMoments Moments { get; }

    /// <summary>Sets the gradients to zero, before the backward passes of a step.</summary>
    public void ClearGradients() => _adam.zero_grad();

    /// <summary>Scales the gradients down to the largest norm, with the arithmetic of PyTorch's clip_grad_norm_.</summary>
    /// <returns>The norms before, on the device, owned by the caller.</returns>
    public GradientNorms ClipGradients()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var gradients = _parameters.Select(entry => (entry.Name, Gradient: entry.Weight.grad)).Where(entry => entry.Gradient is not null).ToList();
        var norms = stack(gradients.Select(entry => entry.Gradient!.norm()));
        var total = norms.norm();
        var share = full_like(total, _maxGradientNorm).div_(total + NormFloor).clamp_max_(1);
        foreach (var (_, gradient) in gradients)
        {
            gradient!.mul_(share);
        }

        return new GradientNorms([.. gradients.Select(entry => entry.Name)], cat([total.unsqueeze(0), norms]).MoveToOuterDisposeScope());
    }

    /// <summary>Updates weights and moments by the gradients.</summary>
    public void Step(double learningRate)
    {
        foreach (var group in _adam.ParamGroups)
        {
            group.LearningRate = learningRate;
        }

        _adam.step();
    }

    public void Dispose() => _adam.Dispose();

    private static bool IsMatrix(Parameter weight) => weight.ndim >= 2;

    private IEnumerable<Parameter> Weights(bool isMatrix) => _parameters.Select(entry => entry.Weight).Where(weight => IsMatrix(weight) == isMatrix);
}

/// <summary>Norms of the gradients of a step before clipping.</summary>
/// <param name="Names">Parameters, in the order of the module.</param>
/// <param name="Values">[1 + parameters]: the norm over all of them, then that of each.</param>
internal sealed record GradientNorms(IReadOnlyList<string> Names, Tensor Values)
{
    /// <summary>Norms that were not measured; they count as finite.</summary>
    public static GradientNorms Unknown(Device device) => new([], zeros([1], device: device));
}
