using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>Provides weights to an engine by their published names. The engine reads each once, in its constructor.</summary>
internal sealed unsafe class WeightSource
{
    private readonly Func<string, Tensor> _read;

    /// <summary>Creates a source.</summary>
    /// <param name="read">Returns the tensor with a name; the engine disposes it.</param>
    public WeightSource(Func<string, Tensor> read) => _read = read;

    /// <summary>Creates a source that reads a module's parameters and buffers.</summary>
    public static WeightSource Of(nn.Module module)
    {
        var weights = module.state_dict();
        return new WeightSource(name => weights[name].alias());
    }

    /// <summary>Creates a source that reads a file.</summary>
    /// <param name="cancellation">Checked before each tensor.</param>
    public static WeightSource Of(SafetensorsFile file, CancellationToken cancellation = default) => new(name =>
    {
        cancellation.ThrowIfCancellationRequested();
        return file.Read(name);
    });

    /// <summary>Creates a source of changed weights.</summary>
    /// <param name="change">Returns the tensor for a name and a tensor, for example a part of it, in the caller's dispose scope.</param>
    internal WeightSource Select(Func<string, Tensor, Tensor> change) => new(name => change(name, _read(name)));

    /// <summary>Reads weights as float32 on the CPU. The caller owns the tensor.</summary>
    /// <exception cref="CheckpointException">The weights have another shape.</exception>
    internal Tensor Read(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var weights = _read(name);
        return weights.shape.SequenceEqual(shape)
            ? weights.to(float32).cpu().contiguous().MoveToOuterDisposeScope()
            : throw new CheckpointException($"{name} is [{string.Join(", ", weights.shape)}], expected [{string.Join(", ", shape)}].");
    }

    /// <summary>Reads weights as float32 into a new buffer. The caller owns the buffer.</summary>
    internal NativeBuffer Copy(string name, params long[] shape)
    {
        using var tensor = Read(name, shape);
        var copy = NativeBuffer.OfFloats(tensor.numel());
        tensor.bytes.CopyTo(new Span<byte>(copy.Bytes, checked((int)copy.Length)));
        return copy;
    }

    /// <summary>Returns the address of the first element of a contiguous float32 CPU tensor. Valid while the tensor lives.</summary>
    internal static float* Start(Tensor tensor)
    {
        fixed (byte* start = tensor.bytes) // native memory does not move
        {
            return (float*)start;
        }
    }
}
