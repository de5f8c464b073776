using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints;

/// <summary>One array in NumPy's format (numpy.lib.format, versions 1 to 3): numbers of any width, in either byte order, in C or Fortran order.</summary>
/// <param name="View">The dtype, shape and strides of the elements in <paramref name="Data"/>.</param>
internal sealed record NumPyArray(PyTorchTensor View, bool IsBigEndian, byte[] Data)
{
    private const int BufferLength = 1 << 16;

    /// <param name="path">For error messages.</param>
    /// <param name="maxLength">The maximum number of bytes of elements.</param>
    /// <exception cref="CheckpointException">The array is damaged, too large, or does not hold numbers.</exception>
    public static NumPyArray Read(string path, Stream stream, long maxLength)
    {
        var header = NumPyHeader.Read(path, stream);
        var (type, isBigEndian) = Type(path, header.Dtype);
        var count = Count(path, header.Shape, maxLength / type.Bytes);
        var view = new PyTorchTensor(new PyTorchStorage("array", type, count), 0, header.Shape, Strides(header.Shape, header.IsFortran));
        return new NumPyArray(view, isBigEndian, ReadExactly(path, stream, count * type.Bytes));
    }

    /// <summary>Copies all elements, little-endian and row-major.</summary>
    public void CopyTo(string path, Span<byte> destination)
    {
        var type = View.Storage.Type;
        var dense = new byte[Data.Length];
        StridedCopy.Gather(View, Data, dense);
        if (IsBigEndian)
        {
            StridedCopy.Swap(dense, type.SwappedBytes);
        }

        if (type.IsWidened)
        {
            type.Widen(path, dense, destination);
        }
        else
        {
            dense.CopyTo(destination);
        }
    }

    private static (StoredType Type, bool IsBigEndian) Type(string path, string description)
    {
        var type = StoredType.All.FirstOrDefault(known => known.NumPy == description[1..]);
        return type is not null
            ? (type, description[0] == '>')
            : throw new CheckpointException(
                $"{path}: has the NumPy dtype '{description}'; expected integers, such as '<i4' or '<i8'. Convert it with array.astype('int32').");
    }

    private static long Count(string path, long[] shape, long maxCount)
    {
        try
        {
            var count = shape.Aggregate(1L, (product, size) => checked(product * size));
            return count <= maxCount ? count : throw new OverflowException();
        }
        catch (OverflowException error)
        {
            throw new CheckpointException(
                $"{path}: has an array of shape [{string.Join(", ", shape)}]; at most {maxCount} elements of this dtype are supported.", error);
        }
    }

    private static long[] Strides(long[] shape, bool isFortran)
    {
        var strides = new long[shape.Length];
        var step = 1L;
        foreach (var dimension in isFortran ? Enumerable.Range(0, shape.Length) : Enumerable.Range(0, shape.Length).Reverse())
        {
            strides[dimension] = step;
            step *= shape[dimension];
        }

        return strides;
    }

    /// <summary>Reads a number of bytes. The buffer grows with the bytes that exist, not with the number that the file declares.</summary>
    private static byte[] ReadExactly(string path, Stream stream, long length)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[Math.Min(length, BufferLength)];
        while (bytes.Length < length)
        {
            var count = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, length - bytes.Length));
            if (count == 0)
            {
                throw new CheckpointException($"{path}: ends {length - bytes.Length} bytes too early; it was truncated.");
            }

            bytes.Write(buffer, 0, count);
        }

        return bytes.ToArray();
    }
}
