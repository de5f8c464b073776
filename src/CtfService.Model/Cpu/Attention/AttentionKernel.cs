using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Products;
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
    /// <summary>The next head's keys are fetched during this head's last positions, two cache lines each.</summary>
    private const int PositionsBeforeNext = 16;

    /// <param name="target">[Dh filled up to whole vectors].</param>
    /// <param name="scores">Room for all positions, filled up to whole vectors.</param>
    /// <param name="nextKeys">Keys of the head that comes next, fetched into the cache meanwhile.</param>
    public static void Attend(
        float* query, byte* keys, byte* values, int positions, int headWidth, SlotCache cache, float* scores, float* target, byte* nextKeys)
    {
        Score(query, keys, values, positions, headWidth, scores);
        var factor = 1 / Exponentiate(scores, positions);
        var stride = cache.ValueStride * TElement.Bytes;
        var column = 0;
        for (; column + (4 * TSimd.Lanes) <= cache.ValueStride; column += 4 * TSimd.Lanes)
        {
            Average4(scores, values + (column * TElement.Bytes), positions, stride, factor, target + column, nextKeys);
        }

        for (; column < cache.ValueStride; column += TSimd.Lanes)
        {
            Average1(scores, values + (column * TElement.Bytes), positions, stride, factor, target + column);
        }
    }

    /// <summary>
    /// scores[p] = q . k[p], one block of positions after another: a single stream of reads that the processor's own prefetching follows. Even and odd
    /// features are summed apart, so that a multiply-add need not wait for the one before. During the last block the first values are fetched.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Score(float* query, byte* keys, byte* values, int positions, int headWidth, float* scores)
    {
        var step = TSimd.Lanes * TElement.Bytes;
        for (var position = 0; position < positions; position += TSimd.Lanes)
        {
            var last = position + TSimd.Lanes >= positions;
            TVector even = default, odd = default;
            for (var feature = 0; feature < headWidth; feature += 2)
            {
                if (last)
                {
                    TSimd.Prefetch(values);
                    values += ProductTile.CacheLine;
                }

                even = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys), TSimd.Broadcast(query[feature]), even);
                odd = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + step), TSimd.Broadcast(query[feature + 1]), odd);
                keys += 2 * step;
            }

            TSimd.Store(TSimd.Add(even, odd), scores + position);
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
    private static void Average4(float* weights, byte* values, int positions, long stride, float factor, float* target, byte* nextKeys)
    {
        var step = TSimd.Lanes * TElement.Bytes;
        TVector a = default, b = default, c = default, d = default;
        for (var p = 0; p < positions; p++)
        {
            if (p + PositionsBeforeNext >= positions)
            {
                TSimd.Prefetch(nextKeys);
                TSimd.Prefetch(nextKeys + ProductTile.CacheLine);
                nextKeys += 2 * ProductTile.CacheLine;
            }

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
