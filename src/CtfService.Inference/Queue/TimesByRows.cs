namespace CtfService.Inference.Queue;

/// <summary>
/// Times in which each image of a decode step gets one label, by a number of rows, the least that they usually are: a forecast that refuses requests must
/// not be too long. On a CPU each row makes a step longer. Not thread-safe; guarded by the lock of the estimator.
/// </summary>
internal sealed class TimesByRows
{
    /// <summary>Weight of the latest measurement: a single step that something held up must not count much.</summary>
    private const double Smoothing = 1 / 32.0;

    /// <summary>Labels over which steps with drafts are measured together, because luck decides how many drafts of one step are right.</summary>
    private const int LabelsOfRun = 32;

    private Times[] _byRows = new Times[32]; // zero where nothing was measured

    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="elapsed">Duration of the step.</param>
    /// <param name="labels">Number of labels that each image got on average, at least 1.</param>
    /// <param name="isDrafted">True if there could have been fewer.</param>
    public void Measure(int rows, TimeSpan elapsed, double labels, bool isDrafted)
    {
        if (rows >= _byRows.Length)
        {
            Array.Resize(ref _byRows, 2 * rows);
        }

        _byRows[rows].Add(elapsed, labels, isDrafted);
    }

    /// <summary>Returns how long a label usually takes at least; zero if nothing was measured.</summary>
    /// <param name="rows">Number of rows, at least 1.</param>
    public TimeSpan Usual(int rows) => Find(rows, static times => times.Usual);

    /// <summary>Returns the shortest time of a label so far; zero if nothing was measured.</summary>
    /// <param name="rows">Number of rows, at least 1.</param>
    public TimeSpan Fastest(int rows) => Find(rows, static times => times.Fastest);

    /// <summary>Returns true if steps with this number of rows were measured.</summary>
    public bool Has(int rows) => rows < _byRows.Length && _byRows[rows].Fastest > TimeSpan.Zero;

    /// <summary>
    /// Returns the time of the measured number of rows next to this one: rather a smaller one, whose labels take no longer; those of a larger one take no
    /// longer in proportion.
    /// </summary>
    private TimeSpan Find(int rows, Func<Times, TimeSpan> time)
    {
        for (var below = Math.Min(rows, _byRows.Length - 1); below > 0; below--)
        {
            if (time(_byRows[below]) is var found && found > TimeSpan.Zero)
            {
                return found;
            }
        }

        for (var above = rows + 1; above < _byRows.Length; above++)
        {
            if (time(_byRows[above]) is var found && found > TimeSpan.Zero)
            {
                return found * ((double)rows / above);
            }
        }

        return TimeSpan.Zero;
    }

    private struct Times
    {
        private TimeSpan _elapsed; // moving averages
        private double _labels;
        private TimeSpan _runElapsed; // sums
        private double _runLabels;

        public readonly TimeSpan Usual => _labels == 0 ? TimeSpan.Zero : _elapsed / _labels;

        /// <summary>Zero until one step without drafts, or enough with them, were measured.</summary>
        public TimeSpan Fastest { get; private set; }

        public void Add(TimeSpan elapsed, double labels, bool isDrafted)
        {
            (_elapsed, _labels) = _labels == 0
                ? (elapsed, labels)
                : (_elapsed + ((elapsed - _elapsed) * Smoothing), _labels + ((labels - _labels) * Smoothing));
            if (!isDrafted)
            {
                Compare(elapsed / labels);
                return;
            }

            (_runElapsed, _runLabels) = (_runElapsed + elapsed, _runLabels + labels);
            if (_runLabels >= LabelsOfRun)
            {
                Compare(_runElapsed / _runLabels);
                (_runElapsed, _runLabels) = (TimeSpan.Zero, 0);
            }
        }

        private void Compare(TimeSpan label) => Fastest = Fastest == TimeSpan.Zero || label < Fastest ? label : Fastest;
    }
}
