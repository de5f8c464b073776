using System.Runtime.Intrinsics;
using CtfService.Model.Clusters;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.VqDecoder;

namespace CtfService.Model.Cpu;

/// <summary>Creates the instantiation of a pass for a vector width and weight format.</summary>
internal static class SimdDispatch
{
    /// <exception cref="PlatformNotSupportedException">The machine does not support the width.</exception>
    public static IDecodePass CreateDecode(PassParts parts) => Width(parts.Options.Width) switch
    {
        VectorWidth.Bits512 => CreateDecode<Vector512<float>, Simd512>(parts),
        VectorWidth.Bits256 => CreateDecode<Vector256<float>, Simd256>(parts),
        _ => CreateDecode<Vector128<float>, Simd128>(parts),
    };

    /// <exception cref="PlatformNotSupportedException">The machine does not support the width.</exception>
    public static IFinePass CreateFine(PassParts parts, ClusterMap map) => Width(parts.Options.Width) switch
    {
        VectorWidth.Bits512 => CreateFine<Vector512<float>, Simd512>(parts, map),
        VectorWidth.Bits256 => CreateFine<Vector256<float>, Simd256>(parts, map),
        _ => CreateFine<Vector128<float>, Simd128>(parts, map),
    };

    /// <param name="width">The vector width; null for the widest that the machine supports.</param>
    /// <exception cref="PlatformNotSupportedException">The machine does not support the width.</exception>
    public static IVqDecodePass CreateVqDecode(VqDecodeParts parts, VectorWidth? width) => Width(width) switch
    {
        VectorWidth.Bits512 => new VqDecodePass<Vector512<float>, Simd512>(parts),
        VectorWidth.Bits256 => new VqDecodePass<Vector256<float>, Simd256>(parts),
        _ => new VqDecodePass<Vector128<float>, Simd128>(parts),
    };

    private static VectorWidth Width(VectorWidth? requested)
    {
        var width = requested ?? VectorWidths.Widest;
        return VectorWidths.IsSupported(width)
            ? width
            : throw new PlatformNotSupportedException(
                $"This machine does not support {(int)width}-bit vectors; its widest have {(int)VectorWidths.Widest} bits.");
    }

    private static IDecodePass CreateDecode<TVector, TSimd>(PassParts parts)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => parts.Options.Format switch
        {
            WeightFormat.Float32 => new DecodePass<TVector, TSimd, Float32Layout, Float32Element>(parts),
            WeightFormat.BFloat16 => new DecodePass<TVector, TSimd, BFloat16Layout, BFloat16Element>(parts),
            _ => new DecodePass<TVector, TSimd, Int8Layout, BFloat16Element>(parts),
        };

    private static IFinePass CreateFine<TVector, TSimd>(PassParts parts, ClusterMap map)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => parts.Options.Format switch
        {
            WeightFormat.Float32 => new FinePass<TVector, TSimd, Float32Layout, Float32Element>(parts, map),
            WeightFormat.BFloat16 => new FinePass<TVector, TSimd, BFloat16Layout, BFloat16Element>(parts, map),
            _ => new FinePass<TVector, TSimd, Int8Layout, BFloat16Element>(parts, map),
        };
}
