using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>One tensor of a weight file: name, dtype and shape.</summary>
/// <param name="Name">The key, unique in the file.</param>
/// <param name="Dtype">The dtype that it is read as.</param>
/// <param name="Shape">Empty for a scalar.</param>
public sealed record TensorEntry(string Name, ScalarType Dtype, IReadOnlyList<long> Shape)
{
    /// <summary>The limit of PyTorch.</summary>
    public const int MaxDimensions = 64;

    public long ElementCount { get; } = Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>The size of all elements in bytes, contiguous.</summary>
    public long ByteLength => ElementCount * ElementType.BytesOf(Dtype);

    /// <summary>The shape in messages, such as <c>[4, 2]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
