using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>Facts about the dtypes of tensors in memory; <see cref="StoredType"/> describes those in files.</summary>
internal static class ElementType
{
    public static int BytesOf(ScalarType type) => StoredType.Of(type).Bytes;

    /// <summary>Returns the name in safetensors, such as F32.</summary>
    public static string NameOf(ScalarType type) => StoredType.Of(type).Name;

    public static bool IsFloatingPoint(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>True for integers; false for bool.</summary>
    public static bool IsInteger(ScalarType type) =>
        type is ScalarType.Int64 or ScalarType.Int32 or ScalarType.Int16 or ScalarType.Int8 or ScalarType.Byte;
}
