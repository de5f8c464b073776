using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints;

/// <summary>The header of an array in NumPy's format (numpy.lib.format, versions 1 to 3). The elements follow it.</summary>
/// <param name="Dtype">Byte order and type, such as <c>&lt;i4</c> or <c>|u1</c>; never of a structured array.</param>
/// <param name="Shape">Sizes of the dimensions, at least 0. Their product is not checked and may overflow.</param>
/// <param name="IsFortran">True if the first dimension varies fastest in the file.</param>
/// <param name="Length">Number of bytes that precede the elements.</param>
public sealed partial record NumPyHeader(string Dtype, long[] Shape, bool IsFortran, long Length)
{
    private const int MaxLength = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Returns true for the first bytes of an array.</summary>
    public static bool IsArray(ReadOnlySpan<byte> start) => start.StartsWith(Magic);

    /// <summary>Reads the header, a Python dict literal such as <c>{'descr': '&lt;i4', 'fortran_order': False, 'shape': (16384,), }</c>.</summary>
    /// <param name="path">For error messages.</param>
    /// <exception cref="CheckpointException">The header is damaged, or the elements have no plain type.</exception>
    public static NumPyHeader Read(string path, Stream stream)
    {
        var start = ReadExactly(path, stream, Magic.Length + 2);
        var version = start[^2];
        if (!IsArray(start) || version is < 1 or > 3)
        {
            throw new CheckpointException($"{path}: is not a NumPy array in format version 1, 2 or 3.");
        }

        var lengthBytes = ReadExactly(path, stream, version == 1 ? sizeof(ushort) : sizeof(uint));
        var length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes) : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (length > MaxLength)
        {
            throw new CheckpointException($"{path}: declares a header of {length} bytes; expected at most {MaxLength}. The NumPy file is damaged.");
        }

        var header = Encoding.UTF8.GetString(ReadExactly(path, stream, (int)length));
        return new NumPyHeader(
            Field(path, Description(), header, "descr"),
            ReadShape(path, header),
            Field(path, FortranOrder(), header, "fortran_order") == "True",
            start.Length + lengthBytes.Length + length);
    }

    private static long[] ReadShape(string path, string header)
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
                + "Save an array of numbers with numpy.save.");

    private static byte[] ReadExactly(string path, Stream stream, int length)
    {
        var bytes = new byte[length];
        var read = stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false);
        return read == length ? bytes : throw new CheckpointException($"{path}: ends {length - read} bytes too early; it was truncated.");
    }

    [GeneratedRegex("""['"]descr['"]\s*:\s*['"]([<>|=][a-zA-Z?]\d*)['"]""")]
    private static partial Regex Description();

    [GeneratedRegex("""['"]fortran_order['"]\s*:\s*(True|False)""")]
    private static partial Regex FortranOrder();

    [GeneratedRegex("""['"]shape['"]\s*:\s*\(([0-9L,\s]*)\)""")]
    private static partial Regex ShapeTuple();
}
