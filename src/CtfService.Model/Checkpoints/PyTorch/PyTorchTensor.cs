using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>A storage: a block of elements that tensors are views of. The container knows its location in the file.</summary>
/// <param name="Key">The name of its record in the container.</param>
/// <param name="ElementCount">As declared by the pickle.</param>
internal sealed record PyTorchStorage(string Key, StoredType Type, long ElementCount)
{
    public int ElementBytes => Type.Bytes;

    public long ByteLength => ElementCount * ElementBytes;
}

/// <summary>A tensor: a strided view of a storage, validated to lie inside it.</summary>
/// <param name="Offset">The first element in the storage.</param>
/// <param name="Strides">For each dimension, the number of elements from one index to the next; 0 repeats the element.</param>
internal sealed record PyTorchTensor(PyTorchStorage Storage, long Offset, IReadOnlyList<long> Shape, IReadOnlyList<long> Strides)
{
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The number of elements in the storage from the first to the last of the view, inclusive.</summary>
    public long Extent { get; } = Shape.Contains(0) ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    /// <summary>True if the elements are contiguous in the storage, row-major.</summary>
    public bool IsContiguous
    {
        get
        {
            var expected = 1L;
            for (var dimension = Shape.Count - 1; dimension >= 0; dimension--)
            {
                if (Shape[dimension] != 1 && Strides[dimension] != expected)
                {
                    return false;
                }

                expected *= Shape[dimension];
            }

            return true;
        }
    }
}
