using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>A block of elements that tensors are views of. Where its bytes are becomes known when the container is read.</summary>
/// <param name="Key">Name of its record in the container.</param>
/// <param name="ElementCount">As the pickle announces it.</param>
internal sealed record PyTorchStorage(string Key, StoredType Type, long ElementCount)
{
    public int ElementBytes => Type.Bytes;

    public long ByteLength => ElementCount * ElementBytes;
}

/// <summary>A strided view of a storage, checked to lie inside it.</summary>
/// <param name="Offset">First element.</param>
/// <param name="Strides">Elements from one index to the next, per dimension; 0 repeats.</param>
internal sealed record PyTorchTensor(PyTorchStorage Storage, long Offset, IReadOnlyList<long> Shape, IReadOnlyList<long> Strides)
{
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Elements from the first to the last that the view touches, both counted.</summary>
    public long Extent { get; } = Shape.Contains(0) ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    /// <summary>Whether its elements lie in the storage as they are, row-major.</summary>
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
