namespace CtfService.Training.Evaluation.Statistics;

/// <summary>
/// How near generated images come to training images, beside how near real images come that the model has not seen. A model that copies comes nearer than those.
/// </summary>
/// <param name="Unit">Of the distances.</param>
/// <param name="CloserThanUnseen">Share of generated images that come nearer than nineteen in twenty of the unseen ones do; 0.05 or less is no sign of copying.</param>
public sealed record NeighbourFigures(string Unit, DistanceSummary Generated, DistanceSummary Unseen, double CloserThanUnseen)
{
    /// <param name="generated">From each generated image to its nearest training image.</param>
    /// <param name="unseen">The same of real images that the model was not trained on.</param>
    public static NeighbourFigures Of(string unit, IReadOnlyList<double> generated, IReadOnlyList<double> unseen)
    {
        var others = DistanceSummary.Of(unseen);
        var closer = generated.Count(distance => distance < others.FifthPercentile) / (double)generated.Count;
        return new NeighbourFigures(unit, DistanceSummary.Of(generated), others, closer);
    }
}

/// <summary>Of some distances.</summary>
public sealed record DistanceSummary(double Smallest, double FifthPercentile, double Median, double Largest)
{
    public static DistanceSummary Of(IReadOnlyList<double> distances)
    {
        double[] sorted = [.. distances.Order()];
        double At(double share) => sorted[(int)(share * (sorted.Length - 1))];
        return new DistanceSummary(sorted[0], At(0.05), At(0.5), sorted[^1]);
    }
}
