using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Cpu.Memory;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.Weights;

/// <summary>Where an engine takes its weights from, by their published names; each is read once, when the engine is made.</summary>
internal sealed unsafe class WeightSource
{
    private readonly Func<string, Tensor> _read;

    /// <param name="read">Gives the tensor of a name; the engine disposes it.</param>
    public WeightSource(Func<string, Tensor> read) => _read = read;

    public static WeightSource Of(nn.Module module)
    {
        var weights = module.state_dict();
        return new WeightSource(name => weights[name].alias());
    }

    /// <param name="cancellation">Looked at before each tensor.</param>
    public static WeightSource Of(SafetensorsFile file, CancellationToken cancellation = default) => new(name =>
    {
        cancellation.ThrowIfCancellationRequested();
        return file.Read(name);
    });

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

    /// <summary>As <see cref="Read"/>, into memory of our own.</summary>
    internal NativeBuffer Copy(string name, params long[] shape)
    {
        using var tensor = Read(name, shape);
        var copy = NativeBuffer.OfFloats(tensor.numel());
        tensor.bytes.CopyTo(new Span<byte>(copy.Bytes, checked((int)copy.Length)));
        return copy;
    }

    /// <summary>Where a contiguous CPU tensor's numbers begin. Valid while the tensor lives.</summary>
    internal static float* Start(Tensor tensor)
    {
        fixed (byte* start = tensor.bytes) // native memory: it does not move
        {
            return (float*)start;
        }
    }
}
