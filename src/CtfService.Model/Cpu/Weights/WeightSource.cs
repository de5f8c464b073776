using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.Weights;

/// <summary>Where an engine takes its weights from, by their published names; each is read once, when the engine is made.</summary>
public sealed class WeightSource
{
    private readonly Func<string, Tensor> _read;

    /// <param name="read">Gives the tensor of a name; the engine disposes it.</param>
    public WeightSource(Func<string, Tensor> read) => _read = read;

    public static WeightSource Of(ClassConditionalTransformer transformer)
    {
        var weights = transformer.state_dict();
        return new WeightSource(name => weights[name].alias());
    }

    public static WeightSource Of(SafetensorsFile file) => new(name => file.Read(name));

    /// <summary>The weights of a name as float32 on the CPU. The caller owns the tensor.</summary>
    /// <exception cref="CheckpointException">Another shape.</exception>
    internal Tensor Read(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var weights = _read(name);
        return weights.shape.SequenceEqual(shape)
            ? weights.to(float32).cpu().contiguous().MoveToOuterDisposeScope()
            : throw new CheckpointException($"{name} is [{string.Join(", ", weights.shape)}], expected [{string.Join(", ", shape)}].");
    }
}
