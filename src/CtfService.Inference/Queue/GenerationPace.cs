namespace CtfService.Inference.Queue;

/// <summary>
/// Time per image, measured batch by batch, so that a full queue can say when to come back. Work is fixed per image, so a moving
/// average says enough. Written by the worker, read by any thread.
/// </summary>
internal sealed class GenerationPace
{
    /// <summary>Weight of the newest batch; about the last eight batches count.</summary>
    private const double Smoothing = 0.25;

    private readonly Lock _gate = new();
    private TimeSpan? _perImage;

    public void Measure(int images, TimeSpan elapsed)
    {
        var measured = elapsed / images;
        lock (_gate)
        {
            _perImage = _perImage is { } before ? before + ((measured - before) * Smoothing) : measured;
        }
    }

    /// <summary>Time for so many images, in whole seconds upwards and at least one: the unit of <c>Retry-After</c>.</summary>
    public TimeSpan Estimate(int images)
    {
        lock (_gate)
        {
            var seconds = Math.Ceiling(images * (_perImage ?? TimeSpan.Zero).TotalSeconds);
            return TimeSpan.FromSeconds(Math.Max(1, seconds));
        }
    }
}
