namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// Compares the distances of generated images to their nearest training images with those of unseen real images. If the model copies, its images are nearer.
/// </summary>
/// <param name="Unit">Unit of the distances.</param>
/// <param name="CloserThanUnseen">
/// Share of generated images that are closer than the 5th percentile of the unseen ones; above 0.05 may indicate copying.
/// </param>
public sealed record NeighbourFigures(string Unit, DistanceSummary Generated, DistanceSummary Unseen, double CloserThanUnseen)
{
    /// <summary>Summarises distances.</summary>
    /// <param name="generated">Distance of each generated image to its nearest training image.</param>
    /// <param name="unseen">The same for real images that the model was not trained on.</param>
    public static NeighbourFigures Of(string unit, IReadOnlyList<double> generated, IReadOnlyList<double> unseen)
    {
        var others = DistanceSummary.Of(unseen);
        var closer = generated.Count(distance => distance < others.FifthPercentile) / (double)generated.Count;
        return new NeighbourFigures(unit, DistanceSummary.Of(generated), others, closer);
    }
}

/// <summary>Order statistics of distances.</summary>
public sealed record DistanceSummary(double Smallest, double FifthPercentile, double Median, double Largest)
{
    public static DistanceSummary Of(IReadOnlyList<double> distances)
    {
        double[] sorted = [.. distances.Order()];
        double At(double share) => sorted[(int)(share * (sorted.Length - 1))];
        return new DistanceSummary(sorted[0], At(0.05), At(0.5), sorted[^1]);
    }
}
