using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Inception Score (Salimans et al. 2016): exp of the mean divergence between each image's class probabilities and their mean over the images. The score is
/// the mean over splits of the images, each as mixed as the whole; only sums are kept. One thread.
/// </summary>
public sealed class InceptionScoreAccumulator
{
    /// <summary>Of ADM's evaluation: 50,000 images make ten splits.</summary>
    public const int DefaultSplitSize = 5000;

    private readonly Split[] _splits;

    /// <param name="images">How many there will be.</param>
    /// <param name="splitSize">Images of a split, about.</param>
    public InceptionScoreAccumulator(int images, int splitSize = DefaultSplitSize)
    {
        _splits = [.. Enumerable.Range(0, Math.Max(1, (images + splitSize - 1) / splitSize)).Select(_ => new Split())];
    }

    /// <param name="probabilities">[B, classes], rows that sum to one. Not disposed.</param>
    /// <param name="rounds">[B], how many images of its class came before each: rounds are dealt out to the splits in turn, so that every split has all classes.</param>
    /// <param name="weights">[B], positive; every row counts 1 where null.</param>
    public void Add(Tensor probabilities, IReadOnlyList<int> rounds, IReadOnlyList<double>? weights = null)
    {
        using var scope = NewDisposeScope();
        var classes = (int)probabilities.shape[1];
        var rows = probabilities.to(float64, CPU).contiguous().data<double>().ToArray();
        for (var row = 0; row < probabilities.shape[0]; row++)
        {
            _splits[rounds[row] % _splits.Length].Add(rows.AsSpan(row * classes, classes), weights?[row] ?? 1);
        }
    }

    /// <exception cref="UndefinedFigureException">There were no images, or a probability is NaN.</exception>
    public InceptionScore ToScore()
    {
        double[] scores = [.. _splits.Where(split => split.HasImages).Select(split => split.Score())];
        if (scores.Length == 0)
        {
            throw new UndefinedFigureException("an Inception Score takes at least one image");
        }

        var mean = scores.Average();
        if (!double.IsFinite(mean))
        {
            throw new UndefinedFigureException("class probabilities are NaN; the extractor's weights are damaged");
        }

        return new InceptionScore(mean, Math.Sqrt(scores.Average(score => (score - mean) * (score - mean))), scores.Length);
    }

    private static double Divergence(double probability) => probability > 0 ? probability * Math.Log(probability) : 0;

    /// <summary>The sums of one split.</summary>
    private sealed class Split
    {
        private double[] _marginal = [];
        private double _negativeEntropy;
        private double _weight;

        public bool HasImages => _weight > 0;

        public void Add(ReadOnlySpan<double> probabilities, double weight)
        {
            if (_marginal.Length == 0)
            {
                _marginal = new double[probabilities.Length];
            }

            for (var i = 0; i < probabilities.Length; i++)
            {
                _marginal[i] += weight * probabilities[i];
                _negativeEntropy += weight * Divergence(probabilities[i]);
            }

            _weight += weight;
        }

        /// <summary>mean of sum p log p, less sum m log m of the mean m: the mean of sum p (log p - log m).</summary>
        public double Score() => Math.Exp((_negativeEntropy / _weight) - _marginal.Sum(sum => Divergence(sum / _weight)));
    }
}

/// <param name="Mean">Over the splits; from 1 to the number of classes.</param>
/// <param name="Deviation">Standard deviation over the splits; 0 where there is one.</param>
public sealed record InceptionScore(double Mean, double Deviation, int Splits);
