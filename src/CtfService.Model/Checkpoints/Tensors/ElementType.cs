using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>Questions about the element types that tensors have here; <see cref="StoredType"/> lists how files hold them.</summary>
internal static class ElementType
{
    public static int BytesOf(ScalarType type) => StoredType.Of(type).Bytes;

    /// <summary>As safetensors names it.</summary>
    public static string NameOf(ScalarType type) => StoredType.Of(type).Name;

    public static bool IsFloatingPoint(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;

    /// <summary>Whether the type counts: whole numbers, without truth values.</summary>
    public static bool IsInteger(ScalarType type) =>
        type is ScalarType.Int64 or ScalarType.Int32 or ScalarType.Int16 or ScalarType.Int8 or ScalarType.Byte;
}
