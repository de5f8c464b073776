using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>Width of the vectors that the kernels use; the value is the number of bits.</summary>
public enum VectorWidth
{
    Bits128 = 128,
    Bits256 = 256,
    Bits512 = 512,
}

/// <summary>The vector widths that this machine supports. DOTNET_EnableAVX512=0 and DOTNET_EnableAVX2=0 in the environment disable the wider ones.</summary>
internal static class VectorWidths
{
    /// <summary>Gets all widths, whether the machine supports them or not.</summary>
    public static IReadOnlyList<VectorWidth> All { get; } = Enum.GetValues<VectorWidth>();

    /// <summary>Gets the widest supported width.</summary>
    public static VectorWidth Widest => IsSupported(VectorWidth.Bits512) ? VectorWidth.Bits512
        : IsSupported(VectorWidth.Bits256) ? VectorWidth.Bits256
        : VectorWidth.Bits128;

    /// <summary>Returns whether the machine supports a width.</summary>
    public static bool IsSupported(VectorWidth width) => width switch
    {
        VectorWidth.Bits512 => Vector512.IsHardwareAccelerated && Avx512F.IsSupported,
        VectorWidth.Bits256 => Vector256.IsHardwareAccelerated && Avx2.IsSupported,
        _ => true,
    };
}
