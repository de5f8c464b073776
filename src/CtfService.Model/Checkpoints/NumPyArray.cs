using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints;

/// <summary>One array in NumPy's format (numpy.lib.format, versions 1 to 3): numbers of any width, in either byte order, by rows or by columns.</summary>
/// <param name="View">Type, shape and order of the elements in <paramref name="Data"/>.</param>
internal sealed partial record NumPyArray(PyTorchTensor View, bool IsBigEndian, byte[] Data)
{
    private const int PieceLength = 1 << 16;
    private const int MaxHeaderLength = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public static bool IsArray(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <param name="path">For error messages.</param>
    /// <param name="maxLength">Bytes of elements that are taken at most.</param>
    /// <exception cref="CheckpointException">Damaged, too large, or not an array of numbers.</exception>
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

    /// <summary>All elements, little-endian and row-major.</summary>
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

    /// <summary>A Python dict in text, such as <c>{'descr': '&lt;i4', 'fortran_order': False, 'shape': (16384,), }</c>.</summary>
    private static string ReadHeader(string path, Stream stream)
    {
        var start = ReadExactly(path, stream, Magic.Length + 2);
        var version = start[^2];
        if (!IsArray(start) || version is < 1 or > 3)
        {
            throw new CheckpointException($"{path}: is not a NumPy array of format version 1 to 3.");
        }

        var length = version == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(ReadExactly(path, stream, 2))
            : BinaryPrimitives.ReadUInt32LittleEndian(ReadExactly(path, stream, 4));
        return length <= MaxHeaderLength
            ? Encoding.UTF8.GetString(ReadExactly(path, stream, length))
            : throw new CheckpointException($"{path}: announces a header of {length} bytes, expected at most {MaxHeaderLength}; the NumPy file is damaged.");
    }

    private static (StoredType Type, bool IsBigEndian) Type(string path, string header)
    {
        var description = Field(path, Description(), header, "descr");
        var type = StoredType.All.FirstOrDefault(known => known.NumPy == description[1..]);
        return type is not null
            ? (type, description[0] == '>')
            : throw new CheckpointException(
                $"{path}: holds elements of NumPy's type '{description}', expected whole numbers, such as '<i4' or '<i8'. Save it with array.astype('int32').");
    }

    private static long[] Shape(string path, string header)
    {
        var sizes = Field(path, ShapeTuple(), header, "shape").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return sizes.Length <= TensorEntry.MaxDimensions
            ? [.. sizes.Select(size => long.TryParse(size.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var number) // Python 2 wrote 5L
                ? number
                : throw new CheckpointException($"{path}: has the size '{size}' in the shape of its array, expected a whole number."))]
            : throw new CheckpointException($"{path}: has {sizes.Length} dimensions, expected at most {TensorEntry.MaxDimensions}.");
    }

    private static string Field(string path, Regex pattern, string header, string name) => pattern.Match(header) is { Success: true } match
        ? match.Groups[1].Value
        : throw new CheckpointException(
            $"{path}: has no readable '{name}' in its NumPy header; structured arrays and arrays of objects are not read. "
                + $"Save plain whole numbers with numpy.save.");

    private static long Count(string path, long[] shape, long maxCount)
    {
        try
        {
            var count = shape.Aggregate(1L, (product, size) => checked(product * size));
            return count <= maxCount ? count : throw new OverflowException();
        }
        catch (OverflowException error)
        {
            throw new CheckpointException($"{path}: holds an array [{string.Join(", ", shape)}]; at most {maxCount} such elements are read.", error);
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

    /// <summary>Grows with what is there, whatever was announced.</summary>
    private static byte[] ReadExactly(string path, Stream stream, long length)
    {
        using var bytes = new MemoryStream();
        var piece = new byte[Math.Min(length, PieceLength)];
        while (bytes.Length < length)
        {
            var count = stream.Read(piece, 0, (int)Math.Min(piece.Length, length - bytes.Length));
            if (count == 0)
            {
                throw new CheckpointException($"{path}: ends {length - bytes.Length} bytes too early; it was cut off.");
            }

            bytes.Write(piece, 0, count);
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
