using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using CtfService.Core.Generation;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Sampling;

/// <summary>
/// Draws the label whose logit / temperature + Gumbel noise is the largest; the lowest of several. A label has probability softmax(logits / temperature)
/// (Gumbel 1954). Draws the same labels as <see cref="CategoricalSampler.SampleGumbelMax"/>, to the bit. Not thread-safe.
/// </summary>
/// <param name="vocabulary">V, the largest number of logits in a row.</param>
/// <param name="width">The vector width of the search, which does not change the labels; null for the widest that the machine supports.</param>
internal sealed class GumbelMaxSampler(int vocabulary, VectorWidth? width = null)
{
    private readonly VectorWidth _width = width ?? VectorWidths.Widest;
    private readonly float[] _scaled = new float[Padded(vocabulary)];
    private readonly CandidateOrder _order = new(vocabulary);

    /// <summary>Draws a label.</summary>
    /// <param name="logits">The logits, after guidance and top-k. Those that top-p removes are overwritten.</param>
    /// <param name="settings">Temperature above <see cref="RowSampling.MinTemperature"/>, and top-p.</param>
    public int Sample(Span<float> logits, SamplingSettings settings, LabelDraw draw)
    {
        if (settings.TopP < 1)
        {
            ApplyTopP(logits, settings);
        }

        var scaled = _scaled.AsSpan(0, Padded(logits.Length));
        scaled[logits.Length..].Fill(float.NegativeInfinity);
        TensorPrimitives.Divide(logits, settings.Temperature, scaled);
        return GumbelSearch.Find(scaled, Highest(scaled), draw, _width);
    }

    /// <summary>Returns the label of the highest value; any label if a value is NaN. Faster than to keep the index in the search for the maximum.</summary>
    private static int Highest(ReadOnlySpan<float> values)
    {
        var highest = BitConverter.SingleToInt32Bits(TensorPrimitives.Max(values));
        return Math.Max(0, MemoryMarshal.Cast<float, int>(values).IndexOf(highest));
    }

    private static int Padded(int length) => (length + GumbelSearch.Padding - 1) / GumbelSearch.Padding * GumbelSearch.Padding;

    /// <summary>Removes each label if the labels before it, in descending order, already exceed p. The first always stays.</summary>
    private void ApplyTopP(Span<float> logits, SamplingSettings settings)
    {
        var order = _order.Descending(logits, float.NegativeInfinity);
        if (order.Length == 0)
        {
            return;
        }

        var highest = logits[order[0]] / settings.Temperature;
        var total = 0L;
        foreach (var label in order)
        {
            total += ReproducibleMath.Weight((logits[label] / settings.Temperature) - highest);
        }

        var cumulative = 0L;
        foreach (var label in order)
        {
            var isRemoved = cumulative > (double)settings.TopP * total;
            cumulative += ReproducibleMath.Weight((logits[label] / settings.Temperature) - highest);
            logits[label] = isRemoved ? float.NegativeInfinity : logits[label];
        }
    }
}
