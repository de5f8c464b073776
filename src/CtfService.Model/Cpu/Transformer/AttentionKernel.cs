using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>
/// Scaled dot-product attention of rows over the cached positions that they see (Vaswani et al. 2017, eq. 1): softmax(q K^T / sqrt(Dh)) V. The query is
/// already scaled. Every sum has a fixed order, independent of the other rows.
/// </summary>
internal static unsafe class AttentionKernel<TVector, TSimd, TElement>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TElement : struct, ICacheElement
{
    /// <summary>
    /// Computes consecutive heads of rows of one sequence. Blocks of positions are the outer loop, then heads, the order in which the cache stores them, then
    /// rows, so that keys and values come from memory once for all rows.
    /// </summary>
    /// <param name="rows">The rows, their queries at the first head.</param>
    /// <param name="keys">The keys of the first head in block 0.</param>
    /// <param name="values">The values of the first head in block 0.</param>
    /// <param name="outputs">[rows, heads, value stride], overwritten.</param>
    /// <param name="scores">[rows, heads, score stride], scratch for all positions, padded to whole blocks.</param>
    public static void Attend(
        AttentionRows rows, byte* keys, byte* values, int heads, int headWidth, BlockedKvCache cache, float* scores, int scoreStride, float* outputs)
    {
        var (valueStride, positions) = (cache.ValueStride, rows.Visible(rows.Count - 1)); // the last row sees the most
        for (var (first, block) = (0, 0); first < positions; first += TSimd.Lanes, block++)
        {
            for (var head = 0; head < heads; head++)
            {
                var blockKeys = keys + (block * cache.KeyBlockBytes) + (head * cache.KeyHeadBytes);
                for (var row = rows.FirstThatSees(first); row < rows.Count; row++)
                {
                    ComputeScores(rows.Query(row) + (head * headWidth), blockKeys, headWidth, scores + (((row * heads) + head) * scoreStride) + first);
                }
            }
        }

        for (var head = 0; head < heads; head++)
        {
            Prefetch(values + (head * cache.ValueHeadBytes), cache.ValueHeadBytes);
            for (var row = 0; row < rows.Count; row++)
            {
                VectorMath<TVector, TSimd>.SoftMax(scores + (((row * heads) + head) * scoreStride), rows.Visible(row));
            }
        }

        new Span<float>(outputs, rows.Count * heads * valueStride).Clear();
        for (var (first, block) = (0, 0); first < positions; first += TSimd.Lanes, block++)
        {
            for (var head = 0; head < heads; head++)
            {
                var blockValues = values + (block * cache.ValueBlockBytes) + (head * cache.ValueHeadBytes);
                for (var row = rows.FirstThatSees(first); row < rows.Count; row++)
                {
                    AccumulateValues(
                        scores + (((row * heads) + head) * scoreStride) + first,
                        blockValues,
                        Math.Min(TSimd.Lanes, rows.Visible(row) - first),
                        valueStride,
                        outputs + (((row * heads) + head) * valueStride));
                }
            }
        }
    }

    /// <summary>Prefetches a range of keys or values.</summary>
    public static void Prefetch(byte* start, long bytes)
    {
        for (var line = 0L; line < bytes; line += Alignment.CacheLineBytes)
        {
            TSimd.Prefetch(start + line);
        }
    }

    /// <summary>
    /// Computes q . k for the positions of a block, one position per lane. Four accumulators, for features 0, 4, .. to 3, 7, .., hide the latency of the
    /// multiply-add.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ComputeScores(float* query, byte* keys, int headWidth, float* scores)
    {
        var step = TSimd.Lanes * TElement.Bytes;
        TVector a = default, b = default, c = default, d = default;
        for (var feature = 0; feature < headWidth; feature += 4) // Dh is a multiple of 4
        {
            a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys), TSimd.Broadcast(query[feature]), a);
            b = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + step), TSimd.Broadcast(query[feature + 1]), b);
            c = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + (2 * step)), TSimd.Broadcast(query[feature + 2]), c);
            d = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(keys + (3 * step)), TSimd.Broadcast(query[feature + 3]), d);
            keys += 4 * step;
        }

        TSimd.Store(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), scores);
    }

    /// <summary>outputs += sum of weights[p] * v[p] over the positions p of a block.</summary>
    private static void AccumulateValues(float* weights, byte* values, int positions, int stride, float* outputs)
    {
        var column = 0;
        for (; column + (4 * TSimd.Lanes) <= stride; column += 4 * TSimd.Lanes)
        {
            AccumulateValues4(weights, values + (column * TElement.Bytes), positions, stride * TElement.Bytes, outputs + column);
        }

        for (; column < stride; column += TSimd.Lanes)
        {
            AccumulateValues1(weights, values + (column * TElement.Bytes), positions, stride * TElement.Bytes, outputs + column);
        }
    }

    /// <summary>Accumulates four vectors of features.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AccumulateValues4(float* weights, byte* values, int positions, int strideBytes, float* outputs)
    {
        var step = TSimd.Lanes * TElement.Bytes;
        TVector a = TSimd.Load(outputs), b = TSimd.Load(outputs + TSimd.Lanes);
        TVector c = TSimd.Load(outputs + (2 * TSimd.Lanes)), d = TSimd.Load(outputs + (3 * TSimd.Lanes));
        for (var p = 0; p < positions; p++)
        {
            var weight = TSimd.Broadcast(weights[p]);
            a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values), weight, a);
            b = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values + step), weight, b);
            c = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values + (2 * step)), weight, c);
            d = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values + (3 * step)), weight, d);
            values += strideBytes;
        }

        TSimd.Store(a, outputs);
        TSimd.Store(b, outputs + TSimd.Lanes);
        TSimd.Store(c, outputs + (2 * TSimd.Lanes));
        TSimd.Store(d, outputs + (3 * TSimd.Lanes));
    }

    /// <summary>Accumulates one vector of features.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AccumulateValues1(float* weights, byte* values, int positions, int strideBytes, float* outputs)
    {
        var a = TSimd.Load(outputs);
        for (var p = 0; p < positions; p++)
        {
            a = TSimd.MultiplyAdd(TElement.Load<TVector, TSimd>(values), TSimd.Broadcast(weights[p]), a);
            values += strideBytes;
        }

        TSimd.Store(a, outputs);
    }
}

/// <summary>Rows of one sequence that attend together, each to one position more than the row before it.</summary>
/// <param name="query">Query of the first row.</param>
/// <param name="stride">Floats from one row's query to the next.</param>
/// <param name="firstVisible">The number of positions that the first row sees.</param>
internal readonly unsafe struct AttentionRows(float* query, long stride, int count, int firstVisible)
{
    public int Count => count;

    public float* Query(int row) => query + (row * stride);

    /// <summary>Returns the number of positions that a row sees.</summary>
    public int Visible(int row) => firstVisible + row;

    /// <summary>Returns the first row that sees a position.</summary>
    public int FirstThatSees(int position) => Math.Max(0, position + 1 - firstVisible);
}
