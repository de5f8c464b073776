using CtfService.LoadGenerator.Arrivals;

namespace CtfService.LoadGenerator.Sending;

/// <summary>How a load is sent.</summary>
public sealed record LoadPlan
{
    /// <summary>Requests a second.</summary>
    public required double Rate { get; init; }

    /// <summary>Time of the measurement, after the warm-up.</summary>
    public required TimeSpan Duration { get; init; }

    public ArrivalProcess Arrivals { get; init; } = ArrivalProcess.Poisson;

    /// <summary>Time at the same rate before the measurement; its answers are checked, but not timed.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.Zero;

    /// <summary>Seed of arrivals, requests and hang-ups.</summary>
    public int Seed { get; init; }

    /// <summary>Share of the callers who, if refused, wait as <c>Retry-After</c> says and try once more, 0 to 1.</summary>
    public double ObeyingShare { get; init; }

    /// <summary>Share of the answers whose images are decoded, 0 to 1; all are compared.</summary>
    public double DecodeShare { get; init; } = 1;

    /// <summary>Callers hang up at a random moment until then.</summary>
    public TimeSpan HangUpWithin { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest time to wait for an answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Time between two probes of <c>/health/live</c>.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromMilliseconds(100);
}
