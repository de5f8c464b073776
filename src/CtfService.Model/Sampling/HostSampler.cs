using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>
/// Guidance, filters and the draw for one row of logits in host memory: the same steps as <see cref="LogitsFilter"/> and <see cref="CategoricalSampler"/>, without
/// an allocation and without sorting where neither top-k nor top-p is asked for. One thread at a time.
/// </summary>
/// <param name="vocabulary">V: most logits of a row.</param>
public sealed class HostSampler(int vocabulary)
{
    private readonly float[] _values = new float[vocabulary];
    private readonly int[] _order = new int[vocabulary];
    private readonly HighestSelection _highest = new(vocabulary);

    /// <summary>unconditional + (conditional - unconditional) * scale, into the conditional logits.</summary>
    public static void Guide(Span<float> conditional, ReadOnlySpan<float> unconditional, float scale)
    {
        TensorPrimitives.Subtract(conditional, unconditional, conditional);
        TensorPrimitives.Multiply(conditional, scale, conditional);
        TensorPrimitives.Add(conditional, unconditional, conditional);
    }

    /// <summary>Draws an entry.</summary>
    /// <param name="logits">Guided; overwritten.</param>
    /// <param name="uniform">In [0, 1).</param>
    public int Sample(Span<float> logits, SamplingSettings settings, float uniform)
    {
        if (settings.Temperature <= RowSampling.LeastTemperature || settings.TopK == 1)
        {
            return TensorPrimitives.IndexOfMax<float>(logits); // first of several
        }

        if (settings.TopK > 0 && settings.TopK < logits.Length)
        {
            KeepHighest(logits, settings.TopK); // before scaling, which could round two logits to one
        }

        var highest = TensorPrimitives.Max<float>(logits);
        TensorPrimitives.Subtract(logits, highest, logits);
        TensorPrimitives.Multiply(logits, 1 / settings.Temperature, logits);
        TensorPrimitives.Exp<float>(logits, logits); // unnormalised probabilities, the highest 1
        if (settings.TopP < 1)
        {
            KeepNucleus(logits, settings.TopP);
        }

        return Invert(logits, uniform);
    }

    /// <summary>Sums in double and in order, so that the choice depends on nothing but the row.</summary>
    private static int Invert(ReadOnlySpan<float> weights, float uniform)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }

        var threshold = Math.Min(uniform, CounterRandom.Largest) * total;
        var sum = 0.0;
        var last = 0;
        for (var entry = 0; entry < weights.Length; entry++)
        {
            if (weights[entry] > 0)
            {
                sum += weights[entry];
                last = entry;
                if (sum > threshold)
                {
                    break;
                }
            }
        }

        return last; // an entry of weight 0 is never drawn
    }

    /// <summary>Entries below the k-th highest go; ties with it stay.</summary>
    private void KeepHighest(Span<float> logits, int count)
    {
        var least = _highest.Find(logits, count);
        foreach (ref var logit in logits)
        {
            logit = logit < least ? float.NegativeInfinity : logit;
        }
    }

    /// <summary>An entry goes where the entries before it, in descending order, already exceed p; the first always stays.</summary>
    private void KeepNucleus(Span<float> weights, float probability)
    {
        var count = 0;
        var total = 0.0;
        for (var entry = 0; entry < weights.Length; entry++)
        {
            if (weights[entry] > 0)
            {
                _values[count] = weights[entry];
                _order[count++] = entry;
                total += weights[entry];
            }
        }

        var keys = _values.AsSpan(0, count);
        var order = _order.AsSpan(0, count);

        // Ascending by weight; among equals the later entry first, so that the walk from the end meets lower entries first.
        MemoryExtensions.Sort(keys, order);
        SortTies(keys, order);
        var before = 0.0;
        for (var place = order.Length - 1; place >= 0; place--)
        {
            var entry = order[place];
            var weight = weights[entry];
            if (before > probability * total)
            {
                weights[entry] = 0;
            }

            before += weight;
        }
    }

    private static void SortTies(ReadOnlySpan<float> keys, Span<int> order)
    {
        for (var start = 0; start < keys.Length;)
        {
            var end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            if (end - start > 1)
            {
                var ties = order[start..end];
                ties.Sort();
                ties.Reverse();
            }

            start = end;
        }
    }
}
