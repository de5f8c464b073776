using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Sampling.Vectors;

namespace CtfService.Model.Sampling;

/// <summary>
/// Finds the label with the largest scaled logit + noise without computing most of the noise. The highest logit is the first candidate. A label is compared
/// with the best so far only if its logit and an upper bound of its noise, from the bits of its word, reach that; words are computed only where a logit
/// and the largest noise of all reach it. The scores that are compared are those of <see cref="GumbelNoise"/>, so the label does not depend on the width.
/// </summary>
internal static class GumbelSearch
{
    /// <summary>Values are read up to the next multiple of this.</summary>
    public const int Padding = 32;

    /// <summary>Returns the label with the largest value + noise; the lowest of several.</summary>
    /// <param name="values">Scaled logits, minus infinity for removed labels; padded with minus infinity to a multiple of <see cref="Padding"/>.</param>
    /// <param name="highest">The label with the highest value.</param>
    public static unsafe int Find(ReadOnlySpan<float> values, int highest, LabelDraw draw, VectorWidth width)
    {
        var first = new BestScore(highest, values[highest] + GumbelNoise.OfLabel(draw, highest));
        fixed (float* start = values)
        {
            return width switch
            {
                VectorWidth.Bits512 => Find<Vector512<ulong>, WordSimd512>(start, values.Length, draw, first),
                VectorWidth.Bits256 => Find<Vector256<ulong>, WordSimd256>(start, values.Length, draw, first),
                _ => Find<Vector128<ulong>, WordSimd128>(start, values.Length, draw, first),
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe int Find<TVector, TSimd>(float* values, int count, LabelDraw draw, BestScore best)
        where TVector : struct
        where TSimd : struct, IWordSimd<TVector>
    {
        var floats = 2 * TSimd.Lanes;
        var words = stackalloc uint[floats];
        var keys = stackalloc ulong[2 * Philox4x32.Rounds];
        Philox4x32.FillKeys(draw.Seed, new Span<ulong>(keys, 2 * Philox4x32.Rounds));
        for (var label = 0; label < count; label += 2 * floats)
        {
            var lower = values + label;
            var upper = lower + floats;
            var limit = best.Score - NoiseBound.Largest;
            if ((TSimd.AtLeast(lower, limit) | TSimd.AtLeast(upper, limit)) == 0)
            {
                continue;
            }

            Words<TVector, TSimd>(draw, keys, (uint)label / 4, out var lowerWords, out var upperWords);
            var bits = TSimd.SumsAtLeast(lower, lowerWords, best.Score);
            if (bits != 0)
            {
                TSimd.Store(lowerWords, words);
                best.Compare(label, bits, lower, words);
            }

            bits = TSimd.SumsAtLeast(upper, upperWords, best.Score);
            if (bits != 0)
            {
                TSimd.Store(upperWords, words);
                best.Compare(label + floats, bits, upper, words);
            }
        }

        return best.Label;
    }

    /// <summary>Computes the Philox blocks of consecutive counters, one in each lane, and returns their words in the order of labels.</summary>
    /// <param name="keys">Two of each round, as <see cref="Philox4x32.FillKeys"/> gives them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Words<TVector, TSimd>(LabelDraw draw, ulong* keys, uint block, out TVector lower, out TVector upper)
        where TVector : struct
        where TSimd : struct, IWordSimd<TVector>
    {
        var x = TSimd.Broadcast((uint)draw.Position);
        var y = TSimd.Broadcast((uint)draw.Stage);
        var z = TSimd.Add(TSimd.Broadcast(block), TSimd.Counters);
        var w = TSimd.Broadcast(GumbelNoise.Stream);
        for (var key = keys; key < keys + (2 * Philox4x32.Rounds); key += 2)
        {
            var product0 = TSimd.Multiply(x, TSimd.Broadcast(Philox4x32.Multiplier0));
            var product1 = TSimd.Multiply(z, TSimd.Broadcast(Philox4x32.Multiplier1));
            x = TSimd.Xor(TSimd.Xor(TSimd.Upper(product1), y), TSimd.Broadcast(key[0]));
            z = TSimd.Xor(TSimd.Xor(TSimd.Upper(product0), w), TSimd.Broadcast(key[1]));
            (y, w) = (product1, product0);
        }

        var (first, second) = (TSimd.Pair(x, y), TSimd.Pair(z, w));
        lower = TSimd.InterleaveLower(first, second);
        upper = TSimd.InterleaveUpper(first, second);
    }
}
