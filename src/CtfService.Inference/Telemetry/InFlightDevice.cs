namespace CtfService.Inference.Telemetry;

/// <summary>Progress of one device. Written by its worker without locks or allocations; reads are thread-safe.</summary>
/// <param name="name">Name of the device.</param>
/// <param name="rows">Rows of a decode step of its generator.</param>
internal sealed class InFlightDevice(string name, int rows, TimeProvider clock)
{
    private const long Never = 0;

    private long _since = Never; // when its current step began

    public int Rows { get; } = rows;

    /// <summary>Attribute of the measurements of this device.</summary>
    public KeyValuePair<string, object?> Tag { get; } = new("ctf.device", name);

    /// <summary>Timestamp of the beginning of the current step; it identifies the step.</summary>
    public long StepBegan => Volatile.Read(ref _since);

    /// <summary>True if the device waits for images.</summary>
    public bool IsIdle => Volatile.Read(ref _since) == Never;

    /// <summary>Time since the last step completed or, if later, since work arrived; zero if the device is idle.</summary>
    public TimeSpan StalledFor => Volatile.Read(ref _since) is var since && since == Never ? TimeSpan.Zero : clock.GetElapsedTime(since);

    /// <summary>Records that a step begins.</summary>
    public void StepBegins() => Volatile.Write(ref _since, clock.GetTimestamp());

    /// <summary>Records that the device waits for images.</summary>
    public void BecomeIdle() => Volatile.Write(ref _since, Never);
}
