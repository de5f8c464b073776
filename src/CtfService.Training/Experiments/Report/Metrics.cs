namespace CtfService.Training.Experiments.Report;

/// <summary>Figures of an evaluation, by the names they have in its result, in the order they are shown.</summary>
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

/// <param name="Name">In results.</param>
/// <param name="Title">In tables and plots; the arrow says which way is better.</param>
internal sealed record Metric(string Name, string Title);
