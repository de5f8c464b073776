using System.Net;

namespace CtfService.Trials.Images;

/// <summary>How requests ended. Thread-safe.</summary>
internal sealed class InteractiveCounts
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, int> _retried = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];
    private readonly List<double> _seconds = [];

    /// <summary>Times of the answered requests, their retries included.</summary>
    public Latencies Latencies
    {
        get
        {
            lock (_gate)
            {
                return new(_seconds);
            }
        }
    }

    /// <summary>What was wrong: answers that were not the expected image, connections that broke without a kill, requests without an answer.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_gate)
            {
                return [.. _failures];
            }
        }
    }

    /// <summary>Attempts that were tried again, by cause: the status of the refusal, or the connection of a killed process.</summary>
    public IReadOnlyDictionary<string, int> Retried
    {
        get
        {
            lock (_gate)
            {
                return new SortedDictionary<string, int>(_retried, StringComparer.Ordinal);
            }
        }
    }

    public void Answered(TimeSpan time)
    {
        lock (_gate)
        {
            _seconds.Add(time.TotalSeconds);
        }
    }

    public void Refused(HttpStatusCode status) => Retry($"{(int)status}");

    public void Lost(HttpRequestError error) => Retry($"killed: {error}");

    public void Failed(string what)
    {
        lock (_gate)
        {
            _failures.Add(what);
        }
    }

    private void Retry(string cause)
    {
        lock (_gate)
        {
            _retried[cause] = _retried.GetValueOrDefault(cause) + 1;
        }
    }
}
