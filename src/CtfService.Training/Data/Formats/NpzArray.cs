using System.Buffers.Binary;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;

namespace CtfService.Training.Data.Formats;

/// <summary>One array of an npz file, read from its start to its end.</summary>
internal sealed class NpzArray : IDisposable
{
    private readonly string _place;
    private readonly Stream _content;

    /// <param name="place">File and array, for error messages.</param>
    /// <param name="content">Stream after the header.</param>
    /// <param name="bytes">Number of bytes after the header.</param>
    /// <exception cref="DatasetException">The array has another length than its shape says, or is in Fortran order.</exception>
    public NpzArray(string place, NumPyHeader header, Stream content, long bytes)
    {
        (_place, Header, _content) = (place, header, content);
        if (header.IsFortran && header.Shape.Length > 1)
        {
            throw new DatasetException($"'{place}' is in Fortran order; expected C order. Save numpy.ascontiguousarray(array).");
        }

        if (Product(header.Shape, ItemSize) is not { } declared || declared != bytes)
        {
            throw new DatasetException($"'{place}' has {bytes} bytes, which is not the size of {header.Dtype} {Shape}. The file is damaged.");
        }
    }

    public NumPyHeader Header { get; }

    /// <summary>The shape as NumPy prints it.</summary>
    public string Shape => $"({string.Join(", ", Header.Shape)}{(Header.Shape.Length == 1 ? "," : "")})";

    /// <summary>Bytes of an element; 0 if it is not a number.</summary>
    private int ItemSize => Header.Dtype[1] is 'u' or 'i' or 'f' && int.TryParse(Header.Dtype.AsSpan(2), out var size) ? size : 0;

    /// <summary>Fills the buffer with the next bytes.</summary>
    /// <exception cref="DatasetException">The file ends earlier, or it is damaged.</exception>
    public void Read(Span<byte> buffer)
    {
        try
        {
            _content.ReadExactly(buffer);
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            throw Damaged(_place, exception);
        }
    }

    /// <summary>Reads all elements of an array of integers.</summary>
    /// <exception cref="DatasetException">The elements are not integers.</exception>
    public long[] ReadIntegers()
    {
        var (kind, size) = (Header.Dtype[1], ItemSize);
        if (kind is not ('i' or 'u') || size is not (1 or 2 or 4 or 8))
        {
            throw new DatasetException($"'{_place}' has the dtype {Header.Dtype}; expected integers. Save array.astype('int64').");
        }

        return [.. Elements(size).Select(bits => kind == 'u' || size == 8 ? bits : bits << (64 - (8 * size)) >> (64 - (8 * size)))]; // sign
    }

    /// <summary>Reads all elements of an array of floating-point numbers.</summary>
    /// <exception cref="DatasetException">The elements are not float32 or float64.</exception>
    public double[] ReadReals() => Header.Dtype[1..] switch
    {
        "f8" => [.. Elements(sizeof(double)).Select(BitConverter.Int64BitsToDouble)],
        "f4" => [.. Elements(sizeof(float)).Select(bits => (double)BitConverter.Int32BitsToSingle((int)bits))],
        _ => throw new DatasetException($"'{_place}' has the dtype {Header.Dtype}; expected float64. Save array.astype('float64')."),
    };

    public void Dispose() => _content.Dispose();

    internal static T Guarded<T>(string place, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            throw Damaged(place, exception);
        }
    }

    /// <summary>Reads the bits of each element, little-endian.</summary>
    private List<long> Elements(int size)
    {
        var elements = new List<long>();
        var count = Product(Header.Shape, 1);
        var (item, wide) = (new byte[size], new byte[sizeof(long)]);
        for (var i = 0L; i < count; i++)
        {
            Read(item);
            if (Header.Dtype[0] == '>')
            {
                Array.Reverse(item);
            }

            item.CopyTo(wide);
            elements.Add(BinaryPrimitives.ReadInt64LittleEndian(wide));
        }

        return elements;
    }

    private static long? Product(long[] shape, long factor)
    {
        try
        {
            return shape.Aggregate(factor, (product, size) => checked(product * size));
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static bool IsDamage(Exception exception) =>
        exception is InvalidDataException or EndOfStreamException or NotSupportedException or CheckpointException or OverflowException
            or ArgumentException or (IOException and not FileNotFoundException);

    private static DatasetException Damaged(string place, Exception cause) => new(
        $"'{place}' is damaged, truncated or not an npz file ({cause.Message}). Save it again with numpy.savez.", cause);
}
