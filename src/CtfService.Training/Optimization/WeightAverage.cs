using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>Exponential moving average of a module's state, which starts as a copy: average = decay * average + (1 - decay) * weight after each step.</summary>
public sealed class WeightAverage : IDisposable
{
    private readonly nn.Module _module;
    private readonly Dictionary<string, Tensor> _averages;

    public WeightAverage(nn.Module module)
    {
        using var frozen = no_grad();
        _module = module;
        _averages = module.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone().DetachFromDisposeScope());
    }

    /// <summary>Averages by state-dict name. Owned by this object.</summary>
    public IReadOnlyDictionary<string, Tensor> Averages => _averages;

    /// <summary>Updates the averages after a step.</summary>
    public void Update(double decay)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (var (name, weight) in _module.state_dict())
        {
            _averages[name].lerp_(weight, 1 - decay);
        }
    }

    /// <summary>Runs <paramref name="action"/> with the averages in the module, then restores the weights.</summary>
    public T With<T>(Func<T> action)
    {
        using var frozen = no_grad();
        Exchange();
        try
        {
            return action();
        }
        finally
        {
            Exchange();
        }
    }

    /// <inheritdoc cref="With{T}"/>
    public void With(Action action) => With(() =>
    {
        action();
        return true;
    });

    public void Dispose()
    {
        foreach (var average in _averages.Values)
        {
            average.Dispose();
        }
    }

    private void Exchange()
    {
        foreach (var (name, weight) in _module.state_dict())
        {
            using var kept = weight.detach().clone();
            weight.copy_(_averages[name]);
            _averages[name].copy_(kept);
        }
    }
}
