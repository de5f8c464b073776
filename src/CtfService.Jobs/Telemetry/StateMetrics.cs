using System.Diagnostics.Metrics;

namespace CtfService.Jobs.Telemetry;

/// <summary>Metrics of the state that processes share, on the meter <c>CtfService</c>. Thread-safe.</summary>
public sealed class StateMetrics
{
    /// <summary>API keys.</summary>
    public const string Keys = "keys";

    /// <summary>Responses to requests with an <c>Idempotency-Key</c>.</summary>
    public const string Responses = "responses";

    /// <summary>What callers have used of their limits.</summary>
    public const string Usage = "usage";

    private const string Part = "ctf.state";

    private static readonly string[] Parts = [Keys, Responses, Usage];

    private readonly Counter<long> _errors;

    public StateMetrics(IMeterFactory meters)
    {
        _errors = meters.Create("CtfService").CreateCounter<long>(
            "ctf.state.store_errors", "{error}", "Times that the database of shared state could not be used, by what was needed.");
        foreach (var part in Parts)
        {
            _errors.Add(0, new KeyValuePair<string, object?>(Part, part)); // exported from the start, so that the first error is an increase
        }
    }

    /// <param name="part">Such as <see cref="Keys"/>.</param>
    public void StoreFailed(string part) => _errors.Add(1, new KeyValuePair<string, object?>(Part, part));
}
