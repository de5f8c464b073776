using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>A tensor that is read only when it is written.</summary>
/// <param name="Entry">The name in the new file, the shape, and the dtype that <paramref name="Read"/> returns.</param>
/// <param name="Read">Called once; the caller owns the tensor.</param>
public sealed record TensorSource(TensorEntry Entry, Func<Tensor> Read)
{
    /// <summary>Wraps a tensor in memory, which is not disposed.</summary>
    public static TensorSource Of(string name, Tensor tensor) => new(new TensorEntry(name, tensor.dtype, tensor.shape), tensor.alias);

    /// <summary>Wraps a tensor of a file, which must stay open until the tensor is written.</summary>
    public static TensorSource Of(TensorFile file, TensorEntry entry) => new(entry, () => file.Read(entry.Name));
}
