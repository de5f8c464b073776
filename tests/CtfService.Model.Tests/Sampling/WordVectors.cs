using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Sampling.Vectors;

namespace CtfService.Model.Tests.Sampling;

/// <summary>Calls the operations of a vector width with arrays.</summary>
internal static unsafe class WordVectors
{
    /// <summary>Returns the bits of <see cref="IWordSimd{TVector}.SumsAtLeast"/> for 32 words, with a value for each.</summary>
    public static uint SumsAtLeast(VectorWidth width, uint[] words, Func<uint, float> value, float limit)
    {
        float[] values = [.. words.Select(value)];
        return width switch
        {
            VectorWidth.Bits512 => SumsAtLeast<Vector512<ulong>, WordSimd512>(words, values, limit),
            VectorWidth.Bits256 => SumsAtLeast<Vector256<ulong>, WordSimd256>(words, values, limit),
            _ => SumsAtLeast<Vector128<ulong>, WordSimd128>(words, values, limit),
        };
    }

    private static uint SumsAtLeast<TVector, TSimd>(uint[] words, float[] values, float limit)
        where TVector : struct
        where TSimd : struct, IWordSimd<TVector>
    {
        var (floats, bits) = (2 * TSimd.Lanes, 0u);
        fixed (float* value = values)
        {
            for (var i = 0; i < words.Length; i += floats)
            {
                var vector = MemoryMarshal.Read<TVector>(MemoryMarshal.AsBytes(words.AsSpan(i, floats)));
                bits |= TSimd.SumsAtLeast(value + i, vector, limit) << i;
            }
        }

        return bits;
    }
}
