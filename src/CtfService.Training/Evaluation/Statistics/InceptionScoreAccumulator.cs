using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Inception Score (Salimans et al. 2016): exp of the mean divergence between each image's class probabilities and their mean over the images. Computed for splits
/// of consecutive images and averaged over them, as the evaluation of ADM does; only sums are kept. One thread.
/// </summary>
/// <param name="splitSize">Images of a split; the last one may have fewer.</param>
public sealed class InceptionScoreAccumulator(int splitSize = InceptionScoreAccumulator.DefaultSplitSize)
{
    /// <summary>Of ADM's evaluation: 50,000 images make ten splits.</summary>
    public const int DefaultSplitSize = 5000;

    private readonly List<double> _finished = [];
    private double[] _marginal = [];
    private double _negativeEntropy;
    private double _weight;
    private int _count;

    /// <param name="probabilities">[B, classes], rows that sum to one; in an order that mixes the classes. Not disposed.</param>
    /// <param name="weights">[B], positive; every row counts 1 where null.</param>
    public void Add(Tensor probabilities, IReadOnlyList<double>? weights = null)
    {
        using var scope = NewDisposeScope();
        var classes = (int)probabilities.shape[1];
        var rows = probabilities.to(float64, CPU).contiguous().data<double>().ToArray();
        if (_marginal.Length == 0)
        {
            _marginal = new double[classes];
        }

        for (var row = 0; row < probabilities.shape[0]; row++)
        {
            Add(rows.AsSpan(row * classes, classes), weights?[row] ?? 1);
        }
    }

    /// <exception cref="InvalidOperationException">There were no images.</exception>
    public InceptionScore ToScore()
    {
        double[] scores = _count > 0 ? [.. _finished, CurrentScore()] : [.. _finished];
        if (scores.Length == 0)
        {
            throw new InvalidOperationException("An Inception Score takes at least one image.");
        }

        var mean = scores.Average();
        return new InceptionScore(mean, Math.Sqrt(scores.Average(score => (score - mean) * (score - mean))), scores.Length);
    }

    private void Add(ReadOnlySpan<double> probabilities, double weight)
    {
        for (var i = 0; i < probabilities.Length; i++)
        {
            _marginal[i] += weight * probabilities[i];
            _negativeEntropy += weight * Divergence(probabilities[i]);
        }

        _weight += weight;
        if (++_count == splitSize)
        {
            _finished.Add(CurrentScore());
            Array.Clear(_marginal);
            (_negativeEntropy, _weight, _count) = (0, 0, 0);
        }
    }

    /// <summary>mean of sum p log p, less sum m log m of the mean m: the mean of sum p (log p - log m).</summary>
    private double CurrentScore() => Math.Exp((_negativeEntropy / _weight) - _marginal.Sum(sum => Divergence(sum / _weight)));

    private static double Divergence(double probability) => probability > 0 ? probability * Math.Log(probability) : 0;
}

/// <param name="Mean">Over the splits; from 1 to the number of classes.</param>
/// <param name="Deviation">Standard deviation over the splits; 0 where there is one.</param>
public sealed record InceptionScore(double Mean, double Deviation, int Splits);
