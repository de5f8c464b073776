namespace CtfService.Training.Experiments.Report;

/// <summary>The metrics of an evaluation in display order.</summary>
internal static class Metrics
{
    public static IReadOnlyList<Metric> Shown { get; } =
    [
        new("fid", "FID ↓"),
        new("sfid", "sFID ↓"),
        new("inception_score", "IS ↑"),
        new("precision", "precision ↑"),
        new("recall", "recall ↑"),
        new("accuracy", "class accuracy ↑"),
    ];
}

/// <summary>A metric of an evaluation.</summary>
/// <param name="Name">Name in results.</param>
/// <param name="Title">Title in tables and plots; the arrow points to better values.</param>
internal sealed record Metric(string Name, string Title);
