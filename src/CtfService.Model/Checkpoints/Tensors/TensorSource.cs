using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>A tensor that is read when it is written, not before.</summary>
/// <param name="Entry">Name in the new file, shape, and the type <paramref name="Read"/> delivers.</param>
/// <param name="Read">Called once; the caller owns what it returns.</param>
public sealed record TensorSource(TensorEntry Entry, Func<Tensor> Read)
{
    /// <summary>A tensor in memory; not disposed.</summary>
    public static TensorSource Of(string name, Tensor tensor) => new(new TensorEntry(name, tensor.dtype, tensor.shape), tensor.alias);

    /// <summary>A tensor of a file, which must stay open until it is written.</summary>
    public static TensorSource Of(TensorFile file, TensorEntry entry) => new(entry, () => file.Read(entry.Name));
}
