using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter 2019) as LlamaGen uses it: decay only on weights with two or more dimensions, gradients clipped to a total norm.
/// </summary>
internal sealed class WeightOptimizer : IDisposable
{
    private const double Epsilon = 1e-8;

    private readonly List<Parameter> _parameters;
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
        _parameters = [.. module.parameters().Where(parameter => parameter.requires_grad)];
        _maxGradientNorm = maxGradientNorm;
        var matrices = new AdamW.ParamGroup(_parameters.Where(parameter => parameter.ndim >= 2), Settings(weightDecay));
        var vectors = new AdamW.ParamGroup(_parameters.Where(parameter => parameter.ndim < 2), Settings(decay: 0));
        _adam = optim.AdamW([matrices, vectors]);
    }

    /// <summary>Differentiates the loss and updates the weights if the gradient is finite.</summary>
    /// <returns>The norm of the gradient before clipping. If it is NaN or infinite, weights and moments are unchanged.</returns>
    public double Step(Tensor loss, double learningRate)
    {
        foreach (var group in _adam.ParamGroups)
        {
            group.LearningRate = learningRate;
        }

        _adam.zero_grad();
        loss.backward();
        var norm = nn.utils.clip_grad_norm_(_parameters, _maxGradientNorm);
        if (double.IsFinite(norm))
        {
            _adam.step();
        }

        return norm;
    }

    /// <summary>Writes the moments.</summary>
    public void Save(string path) => _adam.save_state_dict(path);

    public void Load(string path) => _adam.load_state_dict(path);

    public void Dispose() => _adam.Dispose();
}
