using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>
/// Draws the label whose logit / temperature + Gumbel noise is the largest; the lowest of several. A label has probability softmax(logits / temperature)
/// (Gumbel 1954). The same labels as <see cref="CategoricalSampler.SampleGumbelMax"/>, to the bit. Not thread-safe.
/// </summary>
/// <param name="vocabulary">V, the largest number of logits in a row.</param>
internal sealed class GumbelMaxSampler(int vocabulary)
{
    private readonly float[] _noise = new float[vocabulary];
    private readonly CandidateOrder _order = new(vocabulary);

    /// <summary>Draws a label.</summary>
    /// <param name="logits">The logits, after guidance and top-k. Overwritten.</param>
    /// <param name="settings">Temperature above <see cref="RowSampling.MinTemperature"/>, and top-p.</param>
    public int Sample(Span<float> logits, SamplingSettings settings, LabelDraw draw)
    {
        if (settings.TopP < 1)
        {
            ApplyTopP(logits, settings);
        }

        var noise = _noise.AsSpan(0, logits.Length);
        GumbelNoise.Fill(draw, noise);
        TensorPrimitives.Divide(logits, settings.Temperature, logits);
        TensorPrimitives.Add(logits, noise, logits);
        var best = 0;
        for (var label = 1; label < logits.Length; label++)
        {
            best = logits[label] > logits[best] ? label : best;
        }

        return best;
    }

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
