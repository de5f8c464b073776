using System.Numerics.Tensors;
using CtfService.Core.Generation;

namespace CtfService.Model.Stages;

/// <summary>
/// The candidates of one edit: layouts that are drawn one after another, of which the one is taken under which the kept labels after the first drawn one are
/// likeliest. That approximates drawing from the labels' distribution given all kept ones (sampling-importance resampling, Rubin 1987, with the likeliest
/// candidate instead of a random one).
/// </summary>
/// <param name="seed">Seed of the first candidate.</param>
/// <param name="count">Number of candidates.</param>
internal sealed class CandidateChoice(ulong seed, int count)
{
    private double _logLikelihood; // of the kept labels, under the candidate that is drawn
    private double _best = double.NegativeInfinity;
    private int[] _labels = [];

    /// <summary>The index of the candidate that is drawn; the number of candidates after the last one.</summary>
    public int Index { get; private set; }

    public int Count { get; } = count;

    /// <summary>The seed of the candidate that is drawn.</summary>
    public ulong Seed => Index == 0 ? seed : ImageSeed.Derive(seed, Index);

    /// <summary>Adds the logarithm of the probability of a kept label.</summary>
    public void Add(double logProbability) => _logLikelihood += logProbability;

    /// <summary>Ends a candidate. After the last one, replaces its labels by those of the best; the first of several.</summary>
    /// <param name="labels">[T].</param>
    public void End(int[] labels)
    {
        if (_labels.Length == 0 || _logLikelihood > _best)
        {
            (_best, _labels) = (_logLikelihood, [.. labels]);
        }

        _logLikelihood = 0;
        if (++Index == Count)
        {
            _labels.CopyTo(labels, 0);
        }
    }

    /// <summary>Returns the logarithm of a label's probability under the softmax of its logits, in double precision and in the order of the labels.</summary>
    public static double LogProbability(ReadOnlySpan<float> logits, int label)
    {
        var highest = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - highest);
        }

        return logits[label] - highest - Math.Log(sum);
    }
}
