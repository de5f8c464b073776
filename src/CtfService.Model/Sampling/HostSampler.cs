using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Sampling;

/// <summary>
/// Guidance, filters and sampling for one row of logits in host memory: the same computation as <see cref="LogitsFilter"/> and
/// <see cref="CategoricalSampler"/>, without allocations, and without a sort unless top-p is set. Not thread-safe.
/// </summary>
/// <param name="vocabulary">V, the largest number of logits in a row.</param>
public sealed class HostSampler(int vocabulary)
{
    private readonly GumbelMaxSampler _gumbelMax = new(vocabulary);
    private readonly InverseCdfSampler _inverseCdf = new(vocabulary);
    private readonly RadixSelector _radixSelector = new(vocabulary);

    /// <summary>Replaces the conditional logits by unconditional + (conditional - unconditional) * scale.</summary>
    public static void Guide(Span<float> conditional, ReadOnlySpan<float> unconditional, float scale)
    {
        TensorPrimitives.Subtract(conditional, unconditional, conditional);
        TensorPrimitives.Multiply(conditional, scale, conditional);
        TensorPrimitives.Add(conditional, unconditional, conditional);
    }

    /// <summary>Draws a label; the highest logit if temperature is 0 or top-k is 1.</summary>
    /// <param name="logits">The logits, after guidance. Overwritten.</param>
    public int Sample(Span<float> logits, SamplingSettings settings, LabelDraw draw)
    {
        if (settings.Temperature <= RowSampling.MinTemperature || settings.TopK == 1)
        {
            return TensorPrimitives.IndexOfMax<float>(logits); // the first of several
        }

        if (settings.TopK > 0 && settings.TopK < logits.Length)
        {
            ApplyTopK(logits, settings.TopK); // before scaling, which can round two logits to one
        }

        return draw.Method == SamplingMethod.GumbelMax
            ? _gumbelMax.Sample(logits, settings, draw)
            : _inverseCdf.Sample(logits, settings, CounterRandom.Uniform(draw.Seed, draw.Stage, draw.Position));
    }

    /// <summary>Removes labels below the k-th highest; ties with it stay.</summary>
    private void ApplyTopK(Span<float> logits, int count)
    {
        var threshold = _radixSelector.Find(logits, count);
        foreach (ref var logit in logits)
        {
            logit = logit < threshold ? float.NegativeInfinity : logit;
        }
    }
}
