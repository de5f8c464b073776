using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints;

/// <summary>One array in NumPy's format (numpy.lib.format, versions 1 to 3): numbers of any width, in either byte order, in C or Fortran order.</summary>
/// <param name="View">The dtype, shape and strides of the elements in <paramref name="Data"/>.</param>
internal sealed partial record NumPyArray(PyTorchTensor View, bool IsBigEndian, byte[] Data)
{
    private const int BufferLength = 1 << 16;
    private const int MaxHeaderLength = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static bool IsArray(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <param name="path">For error messages.</param>
    /// <param name="maxLength">The maximum number of bytes of elements.</param>
    /// <exception cref="CheckpointException">The array is damaged, too large, or does not hold numbers.</exception>
    public static NumPyArray Read(string path, Stream stream, long maxLength)
    {
        var header = ReadHeader(path, stream);
        var (type, isBigEndian) = Type(path, header);
        var shape = Shape(path, header);
        var isFortran = Field(path, FortranOrder(), header, "fortran_order") == "True";
        var count = Count(path, shape, maxLength / type.Bytes);
        var view = new PyTorchTensor(new PyTorchStorage("array", type, count), 0, shape, Strides(shape, isFortran));
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

    /// <summary>Reads the header, a Python dict literal such as <c>{'descr': '&lt;i4', 'fortran_order': False, 'shape': (16384,), }</c>.</summary>
    private static string ReadHeader(string path, Stream stream)
    {
        var start = ReadExactly(path, stream, Magic.Length + 2);
        var version = start[^2];
        if (!IsArray(start) || version is < 1 or > 3)
        {
            throw new CheckpointException($"{path}: is not a NumPy array in format version 1, 2 or 3.");
        }

        var length = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(ReadExactly(path, stream, 2))
            : BinaryPrimitives.ReadUInt32LittleEndian(ReadExactly(path, stream, 4));
        return length <= MaxHeaderLength
            ? Encoding.UTF8.GetString(ReadExactly(path, stream, length))
            : throw new CheckpointException($"{path}: declares a header of {length} bytes; expected at most {MaxHeaderLength}. The NumPy file is damaged.");
    }

    private static (StoredType Type, bool IsBigEndian) Type(string path, string header)
    {
        var description = Field(path, Description(), header, "descr");
        var type = StoredType.All.FirstOrDefault(known => known.NumPy == description[1..]);
        return type is not null
            ? (type, description[0] == '>')
            : throw new CheckpointException(
                $"{path}: has the NumPy dtype '{description}'; expected integers, such as '<i4' or '<i8'. Convert it with array.astype('int32').");
    }

    private static long[] Shape(string path, string header)
    {
        var sizes = Field(path, ShapeTuple(), header, "shape").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return sizes.Length <= TensorEntry.MaxDimensions
            ? [.. sizes.Select(size => long.TryParse(size.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) // Python 2 wrote 5L
                ? number
                : throw new CheckpointException($"{path}: has '{size}' in the shape of its array; expected an integer."))]
            : throw new CheckpointException($"{path}: has {sizes.Length} dimensions; expected at most {TensorEntry.MaxDimensions}.");
    }

    private static string Field(string path, Regex pattern, string header, string name) => pattern.Match(header) is { Success: true } match
        ? match.Groups[1].Value
        : throw new CheckpointException(
            $"{path}: has no supported '{name}' in its NumPy header; structured and object arrays are not supported. "
                + "Save an integer array with numpy.save.");

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

    [GeneratedRegex("""['"]descr['"]\s*:\s*['"]([<>|=][a-zA-Z?]\d*)['"]""")]
    private static partial Regex Description();

    [GeneratedRegex("""['"]fortran_order['"]\s*:\s*(True|False)""")]
    private static partial Regex FortranOrder();

    [GeneratedRegex("""['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)""")]
    private static partial Regex ShapeTuple();
}
