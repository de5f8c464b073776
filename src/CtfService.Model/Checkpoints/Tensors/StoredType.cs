using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CtfService.Core.Models;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>
/// The dtype of a tensor in a file and the dtype it is read as: the same, or a wider one if libtorch lacks it.
/// </summary>
/// <param name="Name">The name in safetensors.</param>
/// <param name="TorchNames">The names in PyTorch, without <c>torch.</c></param>
/// <param name="Storage">The storage class in PyTorch; null for newer dtypes, which have none.</param>
/// <param name="NumPy">The type code in NumPy; null if it has none.</param>
/// <param name="Bytes">The size of one element in the file.</param>
/// <param name="Type">The dtype that it is read as.</param>
internal sealed record StoredType(string Name, string[] TorchNames, string? Storage, string? NumPy, int Bytes, ScalarType Type)
{
    private const int FloatMantissaBits = 3; // in E4M3

    /// <summary>All supported types. F4, F6 and quantised types are not supported.</summary>
    public static IReadOnlyList<StoredType> All { get; } =
    [
        new("F64", ["float64", "double"], "DoubleStorage", "f8", 8, ScalarType.Float64),
        new("I64", ["int64", "long"], "LongStorage", "i8", 8, ScalarType.Int64),
        new("F32", ["float32", "float"], "FloatStorage", "f4", 4, ScalarType.Float32),
        new("I32", ["int32", "int"], "IntStorage", "i4", 4, ScalarType.Int32),
        new("F16", ["float16", "half"], "HalfStorage", "f2", 2, ScalarType.Float16),
        new("BF16", ["bfloat16"], "BFloat16Storage", null, 2, ScalarType.BFloat16),
        new("I16", ["int16", "short"], "ShortStorage", "i2", 2, ScalarType.Int16),
        new("I8", ["int8"], "CharStorage", "i1", 1, ScalarType.Int8),
        new("U8", ["uint8"], "ByteStorage", "u1", 1, ScalarType.Byte),
        new("BOOL", ["bool"], "BoolStorage", "b1", 1, ScalarType.Bool),
        new("C64", ["complex64", "cfloat"], "ComplexFloatStorage", "c8", 8, ScalarType.ComplexFloat32),
        new("C128", ["complex128", "cdouble"], "ComplexDoubleStorage", "c16", 16, ScalarType.ComplexFloat64),
        new("U16", ["uint16"], null, "u2", 2, ScalarType.Int32),
        new("U32", ["uint32"], null, "u4", 4, ScalarType.Int64),
        new("U64", ["uint64"], null, "u8", 8, ScalarType.Int64),
        new("F8_E4M3", ["float8_e4m3fn"], null, null, 1, ScalarType.Float32),
        new("F8_E5M2", ["float8_e5m2"], null, null, 1, ScalarType.Float32),
    ];

    /// <summary>For error messages.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(known => known.Name));

    /// <summary>The unit of byte swapping in bytes: an element, or one half of a complex number.</summary>
    public int SwappedBytes => Type is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64 ? Bytes / 2 : Bytes;

    /// <summary>True if elements are converted to a wider dtype when they are read.</summary>
    public bool IsWidened => Name is "U16" or "U32" or "U64" or "F8_E4M3" or "F8_E5M2";

    public static StoredType? Find(string name) => All.FirstOrDefault(known => known.Name == name);

    /// <summary>Returns the stored form of a libtorch dtype.</summary>
    /// <exception cref="ArgumentException">The dtype cannot be stored.</exception>
    public static StoredType Of(ScalarType type) => All.FirstOrDefault(known => known.Type == type && !known.IsWidened)
        ?? throw new ArgumentException($"The dtype {type} cannot be stored; expected one of {Names}.", nameof(type));

    /// <summary>Converts little-endian elements to <see cref="Type"/>.</summary>
    /// <param name="path">For error messages.</param>
    /// <exception cref="CheckpointException">A value exceeds 2^63 - 1, the largest that can be read.</exception>
    public void Widen(string path, ReadOnlySpan<byte> stored, Span<byte> destination)
    {
        switch (Name)
        {
            case "U16": Convert(stored, destination, bytes => (int)BinaryPrimitives.ReadUInt16LittleEndian(bytes)); break;
            case "U32": Convert(stored, destination, bytes => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes)); break;
            case "U64": Convert(stored, destination, bytes => Signed(path, BinaryPrimitives.ReadUInt64LittleEndian(bytes))); break;
            case "F8_E4M3": Convert(stored, destination, bytes => FromE4M3(bytes[0])); break;
            case "F8_E5M2": Convert(stored, destination, bytes => FromE5M2(bytes[0])); break;
            default: throw new InvalidOperationException($"{Name} is not widened.");
        }
    }

    private delegate TTo Read<TTo>(ReadOnlySpan<byte> element);

    private void Convert<TTo>(ReadOnlySpan<byte> stored, Span<byte> destination, Read<TTo> read)
        where TTo : unmanaged
    {
        var elements = MemoryMarshal.Cast<byte, TTo>(destination);
        for (var i = 0; i < elements.Length; i++)
        {
            elements[i] = read(stored.Slice(i * Bytes, Bytes));
        }
    }

    private static long Signed(string path, ulong number) => number <= long.MaxValue
        ? (long)number
        : throw new CheckpointException($"{path}: contains the value {number}; the largest that can be read is {long.MaxValue}.");

    /// <summary>E5M2 is the upper byte of a float16.</summary>
    private static float FromE5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));

    /// <summary>1 sign, 4 exponent (bias 7) and 3 mantissa bits; no infinity, 0x7f and 0xff are NaN (Micikevicius et al. 2022, arXiv 2209.05433).</summary>
    private static float FromE4M3(byte bits)
    {
        var (exponent, mantissa) = ((bits >> FloatMantissaBits) & 15, bits & 7);
        var magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => mantissa * MathF.ScaleB(1, -9),
            _ => MathF.ScaleB(8 + mantissa, exponent - 10),
        };
        return (bits & 0x80) == 0 ? magnitude : -magnitude;
    }
}
