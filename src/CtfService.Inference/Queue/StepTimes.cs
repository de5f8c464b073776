namespace CtfService.Inference.Queue;

/// <summary>
/// Durations of decode steps by their number of rows, the least that a step usually needs: a forecast that refuses requests must not be too long. On a CPU each
/// row makes a step longer. Not thread-safe; guarded by the lock of the estimator.
/// </summary>
internal sealed class StepTimes
{
    /// <summary>Weight of the latest measurement: a single step that something held up must not count much.</summary>
    private const double Smoothing = 1 / 32.0;

    private (TimeSpan Usual, TimeSpan Fastest)[] _byRows = new (TimeSpan, TimeSpan)[32]; // zero where nothing was measured

    public void Measure(int rows, TimeSpan elapsed)
    {
        if (rows >= _byRows.Length)
        {
            Array.Resize(ref _byRows, 2 * rows);
        }

        ref var times = ref _byRows[rows];
        times = times.Usual == TimeSpan.Zero
            ? (elapsed, elapsed)
            : (times.Usual + ((elapsed - times.Usual) * Smoothing), elapsed < times.Fastest ? elapsed : times.Fastest);
    }

    /// <summary>Returns how long a step usually takes at least; zero if nothing was measured.</summary>
    /// <param name="rows">Number of rows, at least 1.</param>
    public TimeSpan Usual(int rows) => Find(rows, out var factor).Usual * factor;

    /// <summary>Returns the shortest time that a step has taken; zero if nothing was measured.</summary>
    /// <param name="rows">Number of rows, at least 1.</param>
    public TimeSpan Fastest(int rows) => Find(rows, out var factor).Fastest * factor;

    /// <summary>
    /// Finds the measured number of rows next to this one: rather a smaller one, whose steps are no longer; those of a larger one are no longer in proportion.
    /// </summary>
    private (TimeSpan Usual, TimeSpan Fastest) Find(int rows, out double factor)
    {
        factor = 1;
        for (var below = Math.Min(rows, _byRows.Length - 1); below > 0; below--)
        {
            if (_byRows[below].Usual > TimeSpan.Zero)
            {
                return _byRows[below];
            }
        }

        for (var above = rows + 1; above < _byRows.Length; above++)
        {
            if (_byRows[above].Usual > TimeSpan.Zero)
            {
                factor = (double)rows / above;
                return _byRows[above];
            }
        }

        return default;
    }
}
