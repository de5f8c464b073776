namespace CtfService.Model.Tests.Sampling;

/// <summary>Pearson's test of draws against probabilities (Pearson 1900).</summary>
internal static class ChiSquare
{
    private const double LeastExpected = 20;

    /// <summary>
    /// Returns the chi-square statistic as standard deviations from its mean, by the Wilson-Hilferty transformation (1931). Rare labels are counted together
    /// until 20 draws are expected. Throws if a label of probability 0 was drawn.
    /// </summary>
    public static double Deviations(IReadOnlyList<double> probabilities, IReadOnlyList<int> counts)
    {
        var draws = counts.Sum();
        var (statistic, bins, expected, observed) = (0.0, 0, 0.0, 0);
        foreach (var label in Enumerable.Range(0, counts.Count).OrderBy(label => probabilities[label]))
        {
            Assert.True(probabilities[label] > 0 || counts[label] == 0, $"label {label} cannot be drawn");
            (expected, observed) = (expected + (draws * probabilities[label]), observed + counts[label]);
            if (expected >= LeastExpected)
            {
                statistic += (observed - expected) * (observed - expected) / expected;
                (bins, expected, observed) = (bins + 1, 0, 0);
            }
        }

        var freedom = bins - 1.0;
        var variance = 2 / (9 * freedom);
        return (Math.Cbrt(statistic / freedom) - (1 - variance)) / Math.Sqrt(variance);
    }
}
