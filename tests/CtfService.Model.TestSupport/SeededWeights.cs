using static TorchSharp.torch;

namespace CtfService.Model.TestSupport;

/// <summary>
/// Random weights that are the same on every run. Modules draw their first weights from libtorch's own generator, from which other tests draw at the same
/// time; functions of <c>nn.init</c> take a generator and do not use it.
/// </summary>
public static class SeededWeights
{
    /// <summary>Replaces the weights of a module.</summary>
    /// <param name="draw">Returns the values of a parameter from its name, its current values and the generator; null to leave it as it is.</param>
    public static void Draw(nn.Module module, ulong seed, Func<string, Tensor, Generator, Tensor?> draw)
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        foreach (var (name, parameter) in module.named_parameters())
        {
            if (draw(name, parameter, generator) is { } values)
            {
                parameter.copy_(values);
            }
        }
    }

    /// <summary>Returns values between the bounds, in the shape of a parameter.</summary>
    public static Tensor Uniform(Tensor parameter, double low, double high, Generator generator) =>
        low + ((high - low) * rand(parameter.shape, generator: generator));

    /// <summary>Returns values of a matrix or kernel between ±1/√(its inputs), as a new layer has.</summary>
    public static Tensor OfLayer(Tensor parameter, Generator generator)
    {
        var bound = 1 / Math.Sqrt(parameter.numel() / (double)parameter.shape[0]);
        return Uniform(parameter, -bound, bound, generator);
    }

    /// <summary>Returns normal values with a mean of 0.</summary>
    public static Tensor Normal(Tensor parameter, double deviation, Generator generator) => deviation * randn(parameter.shape, generator: generator);
}
