namespace CtfService.EngineBenchmarks;

/// <summary>Medians of repeated measurements; for an even count, the upper of the two middle values.</summary>
public static class Medians
{
    /// <summary>Returns the median of one figure of each run.</summary>
    public static double Of<TRun>(IReadOnlyCollection<TRun> runs, Func<TRun, double> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);
}
