using CtfService.LoadGenerator.Answers;

namespace CtfService.LoadGenerator.Reports;

/// <summary>What a load measured. Rates and times are those after the warm-up; outcomes count every request.</summary>
public sealed record LoadReport
{
    /// <summary>Requests a second that were due and sent.</summary>
    public required double OfferedRequestsPerSecond { get; init; }

    /// <summary>Right answers a second, of all kinds, without refusals.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>Right images a second.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Seconds that were measured.</summary>
    public required double Seconds { get; init; }

    /// <summary>Requests sent, without retries.</summary>
    public required long Sent { get; init; }

    /// <summary>How the requests ended, retries apart, by <see cref="Answers.Outcomes.Name"/>; together as many as were sent.</summary>
    public required IReadOnlyDictionary<string, long> Outcomes { get; init; }

    /// <summary>Refusals (429, 503) by the code of their error.</summary>
    public required IReadOnlyDictionary<string, long> RefusalCodes { get; init; }

    /// <summary>Callers who obeyed <c>Retry-After</c>.</summary>
    public required RetryReport Retries { get; init; }

    /// <summary>Requests with images that were answered with them: from the time at which they were due to the last byte.</summary>
    public required LatencySummary Latency { get; init; }

    /// <summary>The same requests from the time at which they were really sent.</summary>
    public required LatencySummary ServiceTime { get; init; }

    /// <summary>Refusals (429), from the time at which the requests were due.</summary>
    public required LatencySummary RefusalLatency { get; init; }

    /// <summary>How late the generator itself was: from the time at which requests were due until they were sent.</summary>
    public required LatencySummary SendDelay { get; init; }

    /// <summary>Times of <c>/health/live</c>.</summary>
    public required LatencySummary Liveness { get; init; }

    /// <summary>Probes of <c>/health/live</c> that got no 200.</summary>
    public required long LivenessFailures { get; init; }

    public required IReadOnlyList<KindReport> Kinds { get; init; }

    /// <summary>What was wrong, the first twenty.</summary>
    public required IReadOnlyList<string> Faults { get; init; }

    /// <summary>Answers that must not occur, those of retries included.</summary>
    public long Wrong => Answers.Outcomes.All.Where(outcome => outcome.IsWrong()).Sum(Count) + Retries.Wrong;

    public long Count(Outcome outcome) => Outcomes[outcome.Name()];
}

/// <summary>Second attempts of callers who waited as <c>Retry-After</c> said, sent while the load lasted.</summary>
/// <param name="Codes">Second refusals by the code of their error.</param>
/// <param name="AdmittedShare">Share that was not refused again, 0 to 1; NaN without retries.</param>
/// <param name="Wrong">Answers that must not occur.</param>
public sealed record RetryReport(long Sent, long RefusedAgain, IReadOnlyDictionary<string, long> Codes, double AdmittedShare, long Wrong);

/// <summary>The requests of one kind.</summary>
/// <param name="Latency">Right answers, from the time at which they were due.</param>
public sealed record KindReport(string Kind, IReadOnlyDictionary<string, long> Outcomes, LatencySummary Latency);
