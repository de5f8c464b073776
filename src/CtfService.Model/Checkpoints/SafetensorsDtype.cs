using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>The closed list of element types a safetensors file may hold here, by the names the format gives them.</summary>
internal static class SafetensorsDtype
{
    private static readonly (string Name, ScalarType Type, int Bytes)[] Known =
    [
        ("F64", ScalarType.Float64, 8),
        ("I64", ScalarType.Int64, 8),
        ("F32", ScalarType.Float32, 4),
        ("I32", ScalarType.Int32, 4),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>For error messages.</summary>
    public static string Names { get; } = string.Join(", ", Known.Select(known => known.Name));

    public static bool TryParse(string name, out ScalarType type)
    {
        var match = Array.Find(Known, known => known.Name == name);
        type = match.Type;
        return match.Name is not null;
    }

    public static int BytesOf(ScalarType type) => Find(type).Bytes;

    public static string NameOf(ScalarType type) => Find(type).Name;

    /// <exception cref="ArgumentException">Complex and quantised tensors have no name in the format.</exception>
    private static (string Name, ScalarType Type, int Bytes) Find(ScalarType type)
    {
        var match = Array.Find(Known, known => known.Type == type);
        return match.Name is not null ? match : throw new ArgumentException($"Element type {type} cannot be stored; known are {Names}.", nameof(type));
    }
}
