using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Attention;

/// <summary>
/// Scaled dot-product attention of one query over the positions that exist (Vaswani et al. 2017, eq. 1): softmax(q K^T / sqrt(Dh)) V; the query is scaled
/// already. Each sum has one order, whatever the batch.
/// </summary>
internal static unsafe class AttentionKernel<TVector, TSimd, TElement>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TElement : struct, ICacheElement
{
    /// <param name="target">[Dh filled up to whole vectors].</param>
    /// <param name="scores">Room for all positions, filled up to whole vectors.</param>
    public static void Attend(float* query, byte* keys, byte* values, int positions, int headWidth, SlotCache cache, float* scores, float* target)
    {
        Score(query, keys, positions, headWidth, cache.BlockBytes, scores);
        var factor = 1 / Exponentiate(scores, positions);
        for (var column = 0; column < cache.ValueStride;)
        {
            var wide = column + (4 * TSimd.Lanes) <= cache.ValueStride;
            var source = values + (column * TElement.Bytes);
            if (wide)
            {
                Average4(scores, source, positions, cache.ValueStride * TElement.Bytes, factor, target + column);
            }
            else
            {
                Average1(scores, source, positions, cache.ValueStride * TElement.Bytes, factor, target + column);
            }

            column += wide ? 4 * TSimd.Lanes : TSimd.Lanes;
        }
    }

    /// <summary>scores[p] = q . k[p], four blocks of positions at once while there are as many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(float* query, byte* keys, int positions, int headWidth, long blockBytes, float* scores)
    {
        var step = TSimd.Lanes * TElement.Bytes;
        var position = 0;
        for (; position + (3 * TSimd.Lanes) < positions; position += 4 * TSimd.Lanes)
        {
            TVector a = default, b = default, c = default, d = default;
            for (var feature = 0; feature < headWidth; feature++)
            {
                var q = TSimd.Broadcast(query[feature]);
                a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys), q, a);
                b = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + blockBytes), q, b);
                c = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + (2 * blockBytes)), q, c);
                d = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + (3 * blockBytes)), q, d);
                keys += step;
            }

            TSimd.Store(a, scores + position);
            TSimd.Store(b, scores + position + TSimd.Lanes);
            TSimd.Store(c, scores + position + (2 * TSimd.Lanes));
            TSimd.Store(d, scores + position + (3 * TSimd.Lanes));
            keys += 3 * blockBytes;
        }

        for (; position < positions; position += TSimd.Lanes)
        {
            TVector a = default;
            for (var feature = 0; feature < headWidth; feature++)
            {
                a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys), TSimd.Broadcast(query[feature]), a);
                keys += step;
            }

            TSimd.Store(a, scores + position);
        }
    }

    /// <summary>scores[p] = e^(scores[p] - largest); returns their sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentiate(float* scores, int positions)
    {
        var end = (positions + TSimd.Lanes - 1) / TSimd.Lanes * TSimd.Lanes;
        for (var p = positions; p < end; p++)
        {
            scores[p] = float.NegativeInfinity; // a block's positions that do not exist yet
        }

        var largest = TSimd.Load(scores);
        for (var p = TSimd.Lanes; p < end; p += TSimd.Lanes)
        {
            largest = TSimd.Max(largest, TSimd.Load(scores + p));
        }

        var shift = TSimd.Broadcast(Largest(largest));
        var sum = TSimd.Broadcast(0);
        for (var p = 0; p < end; p += TSimd.Lanes)
        {
            var exponential = VectorMath<TVector, TSimd>.Exp(TSimd.Subtract(TSimd.Load(scores + p), shift));
            TSimd.Store(exponential, scores + p);
            sum = TSimd.Add(sum, exponential); // a position that does not exist adds 1e-38 to a sum of at least 1
        }

        return TSimd.Sum(sum);
    }

    private static float Largest(TVector vector)
    {
        var lanes = stackalloc float[TSimd.Lanes];
        TSimd.Store(vector, lanes);
        var largest = lanes[0];
        for (var lane = 1; lane < TSimd.Lanes; lane++)
        {
            largest = Math.Max(largest, lanes[lane]);
        }

        return largest;
    }

    /// <summary>target = factor * sum over p of weights[p] * v[p], four vectors of features.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Average4(float* weights, byte* values, int positions, long stride, float factor, float* target)
    {
        var step = TSimd.Lanes * TElement.Bytes;
        TVector a = default, b = default, c = default, d = default;
        for (var p = 0; p < positions; p++)
        {
            var weight = TSimd.Broadcast(weights[p]);
            a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values), weight, a);
            b = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values + step), weight, b);
            c = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values + (2 * step)), weight, c);
            d = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values + (3 * step)), weight, d);
            values += stride;
        }

        var scale = TSimd.Broadcast(factor);
        TSimd.Store(TSimd.Multiply(a, scale), target);
        TSimd.Store(TSimd.Multiply(b, scale), target + TSimd.Lanes);
        TSimd.Store(TSimd.Multiply(c, scale), target + (2 * TSimd.Lanes));
        TSimd.Store(TSimd.Multiply(d, scale), target + (3 * TSimd.Lanes));
    }

    /// <summary>As <see cref="Average4"/>, one vector of features.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Average1(float* weights, byte* values, int positions, long stride, float factor, float* target)
    {
        TVector a = default;
        for (var p = 0; p < positions; p++)
        {
            a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values), TSimd.Broadcast(weights[p]), a);
            values += stride;
        }

        TSimd.Store(TSimd.Multiply(a, TSimd.Broadcast(factor)), target);
    }
}
