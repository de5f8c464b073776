using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CtfService.Core.Models;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>
/// How the elements of a tensor lie in a file, and as which type they are read: their own, or a wider one if libtorch here does not have theirs.
/// </summary>
/// <param name="Name">As safetensors names it.</param>
/// <param name="TorchNames">Names that PyTorch has for the type, without <c>torch.</c></param>
/// <param name="Storage">PyTorch's storage class; null for types that came after those.</param>
/// <param name="NumPy">NumPy's letter and bytes; null if it has none.</param>
/// <param name="Bytes">Of one element in the file.</param>
/// <param name="Type">As which it is read.</param>
internal sealed record StoredType(string Name, string[] TorchNames, string? Storage, string? NumPy, int Bytes, ScalarType Type)
{
    private const int FloatMantissaBits = 3; // of E4M3

    /// <summary>All that can be read. F4, F6 and quantised types cannot.</summary>
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

    /// <summary>Bytes that change places on a system of the other byte order: half of a complex number.</summary>
    public int SwappedBytes => Type is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64 ? Bytes / 2 : Bytes;

    /// <summary>Whether elements are converted when they are read.</summary>
    public bool IsWidened => Name is "U16" or "U32" or "U64" or "F8_E4M3" or "F8_E5M2";

    public static StoredType? Find(string name) => All.FirstOrDefault(known => known.Name == name);

    /// <summary>The type that libtorch stores so.</summary>
    /// <exception cref="ArgumentException">It has no name here.</exception>
    public static StoredType Of(ScalarType type) => All.FirstOrDefault(known => known.Type == type && !known.IsWidened)
        ?? throw new ArgumentException($"Element type {type} cannot be stored; known are {Names}.", nameof(type));

    /// <summary>Converts little-endian elements to <see cref="Type"/>.</summary>
    /// <param name="path">For error messages.</param>
    /// <exception cref="CheckpointException">A number is above the largest that can be read, 2^63 - 1.</exception>
    public void Widen(string path, ReadOnlySpan<byte> stored, Span<byte> destination)
    {
        switch (Name)
        {
            case "U16": Convert(stored, destination, bytes => (int)BinaryPrimitives.ReadUInt16LittleEndian(bytes)); break;
            case "U32": Convert(stored, destination, bytes => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes)); break;
            case "U64": Convert(stored, destination, bytes => Signed(path, BinaryPrimitives.ReadUInt64LittleEndian(bytes))); break;
            case "F8_E4M3": Convert(stored, destination, bytes => FromE4M3(bytes[0])); break;
            case "F8_E5M2": Convert(stored, destination, bytes => FromE5M2(bytes[0])); break;
            default: throw new InvalidOperationException($"{Name} is read as it is.");
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
        : throw new CheckpointException($"{path}: holds the number {number}; the largest that can be read is {long.MaxValue}.");

    /// <summary>The upper half of a float16.</summary>
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
