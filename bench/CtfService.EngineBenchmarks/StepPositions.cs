namespace CtfService.EngineBenchmarks;

/// <summary>
/// Positions of the sequences of a benchmark: spread evenly, so that attention has its average cost, and each one after that of the step before, as
/// an engine demands.
/// </summary>
internal static class StepPositions
{
    /// <summary>Returns the position of a sequence in a step of a run. Every run may begin where the caches are full or where an earlier run ended.</summary>
    /// <param name="sequence">Index of the sequence, from 0.</param>
    /// <param name="step">Index of the step, from 0.</param>
    /// <param name="steps">Steps of a run. A run longer than the sequence starts it over.</param>
    /// <param name="positions">Positions of a sequence.</param>
    public static int Of(int sequence, int sequences, int step, int steps, int positions)
    {
        var span = Math.Min(steps, positions);
        return (int)((sequence + 0.5) * (positions - span) / sequences) + (step % span);
    }
}
