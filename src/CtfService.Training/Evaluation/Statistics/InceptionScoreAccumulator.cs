using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Accumulates the Inception Score (Salimans et al. 2016): exp of the mean KL divergence between each image's class probabilities and their mean over the
/// images. The score is the mean over splits of the images, each with all classes. Keeps only sums. Not thread-safe.
/// </summary>
public sealed class InceptionScoreAccumulator
{
    /// <summary>Images per split in ADM's evaluation: 50,000 images make ten splits.</summary>
    public const int DefaultSplitSize = 5000;

    private readonly Split[] _splits;

    /// <param name="images">Total number of images.</param>
    /// <param name="splitSize">Approximate number of images per split.</param>
    public InceptionScoreAccumulator(int images, int splitSize = DefaultSplitSize)
    {
        _splits = [.. Enumerable.Range(0, Math.Max(1, (images + splitSize - 1) / splitSize)).Select(_ => new Split())];
    }

    /// <summary>Adds a batch of images.</summary>
    /// <param name="probabilities">[B, classes], rows that sum to one. Not disposed.</param>
    /// <param name="rounds">
    /// [B], number of images of its class that precede each image. Rounds are assigned to the splits in turn, so that each split has all classes.
    /// </param>
    /// <param name="weights">[B], positive; null for a weight of 1 per row.</param>
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

    /// <summary>Returns the score of the images so far.</summary>
    /// <exception cref="UndefinedFigureException">There are no images, or a probability is NaN.</exception>
    public InceptionScore ToScore()
    {
        double[] scores = [.. _splits.Where(split => split.HasImages).Select(split => split.Score())];
        if (scores.Length == 0)
        {
            throw new UndefinedFigureException("an Inception Score needs at least one image");
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

        /// <summary>Returns exp of (mean of sum p log p) - sum m log m with the mean m, which is the mean of sum p (log p - log m).</summary>
        public double Score() => Math.Exp((_negativeEntropy / _weight) - _marginal.Sum(sum => Divergence(sum / _weight)));
    }
}

/// <summary>An Inception Score.</summary>
/// <param name="Mean">Mean over the splits; from 1 to the number of classes.</param>
/// <param name="Deviation">Standard deviation over the splits; 0 for a single split.</param>
public sealed record InceptionScore(double Mean, double Deviation, int Splits);
