using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>The closed list of element types a weight file may hold here, by the names that safetensors and PyTorch's pickles give them.</summary>
internal static class ElementType
{
    private static readonly (string Name, string Storage, ScalarType Type, int Bytes)[] Known =
    [
        ("F64", "DoubleStorage", ScalarType.Float64, 8),
        ("I64", "LongStorage", ScalarType.Int64, 8),
        ("F32", "FloatStorage", ScalarType.Float32, 4),
        ("I32", "IntStorage", ScalarType.Int32, 4),
        ("F16", "HalfStorage", ScalarType.Float16, 2),
        ("BF16", "BFloat16Storage", ScalarType.BFloat16, 2),
        ("I16", "ShortStorage", ScalarType.Int16, 2),
        ("I8", "CharStorage", ScalarType.Int8, 1),
        ("U8", "ByteStorage", ScalarType.Byte, 1),
        ("BOOL", "BoolStorage", ScalarType.Bool, 1),
    ];

    /// <summary>For error messages.</summary>
    public static string Names { get; } = string.Join(", ", Known.Select(known => known.Name));

    /// <summary>PyTorch's storage classes with the type each holds.</summary>
    public static IEnumerable<(string Storage, ScalarType Type)> Storages => Known.Select(known => (known.Storage, known.Type));

    public static bool TryParse(string name, out ScalarType type)
    {
        var match = Array.Find(Known, known => known.Name == name);
        type = match.Type;
        return match.Name is not null;
    }

    public static int BytesOf(ScalarType type) => Find(type).Bytes;

    public static string NameOf(ScalarType type) => Find(type).Name;

    public static bool IsFloatingPoint(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    /// <exception cref="ArgumentException">Complex and quantised tensors have no name here.</exception>
    private static (string Name, string Storage, ScalarType Type, int Bytes) Find(ScalarType type)
    {
        var match = Array.Find(Known, known => known.Type == type);
        return match.Name is not null ? match : throw new ArgumentException($"Element type {type} cannot be stored; known are {Names}.", nameof(type));
    }
}
