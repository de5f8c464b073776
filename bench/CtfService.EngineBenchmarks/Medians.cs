namespace CtfService.EngineBenchmarks;

/// <summary>Medians of repeated measurements; of an even number, the upper of the two in the middle.</summary>
public static class Medians
{
    /// <summary>Returns the median of one figure of each run.</summary>
    public static double Of<TRun>(IReadOnlyCollection<TRun> runs, Func<TRun, double> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);
}
