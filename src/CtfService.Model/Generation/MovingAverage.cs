namespace CtfService.Model.Generation;

/// <summary>Moving average of durations; about the last eight count.</summary>
internal struct MovingAverage
{
    private const double Smoothing = 0.25;

    private bool _hasValue;

    /// <summary>The average; zero before the first duration.</summary>
    public TimeSpan Value { get; private set; }

    public void Add(TimeSpan duration)
    {
        Value = _hasValue ? Value + ((duration - Value) * Smoothing) : duration;
        _hasValue = true;
    }
}
