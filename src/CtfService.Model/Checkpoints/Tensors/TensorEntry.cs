using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>One tensor of a weight file, as the file describes it.</summary>
/// <param name="Name">Key, unique in the file.</param>
/// <param name="Dtype">Element type as stored.</param>
/// <param name="Shape">Empty for a scalar.</param>
public sealed record TensorEntry(string Name, ScalarType Dtype, IReadOnlyList<long> Shape)
{
    /// <summary>PyTorch's own limit.</summary>
    public const int MaxDimensions = 64;

    public long ElementCount { get; } = Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Bytes of all elements, dense.</summary>
    public long ByteLength => ElementCount * ElementType.BytesOf(Dtype);

    /// <summary>For messages: <c>[4, 2]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
