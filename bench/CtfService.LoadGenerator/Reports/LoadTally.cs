using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Requests;

namespace CtfService.LoadGenerator.Reports;

/// <summary>Counts and times of a load while it runs. Thread-safe; its memory does not grow with the load.</summary>
internal sealed class LoadTally
{
    private const int MostFaults = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<RequestKind, KindTally> _kinds = [];
    private readonly LatencyRecorder _latency = new();
    private readonly LatencyRecorder _serviceTime = new();
    private readonly LatencyRecorder _refusals = new();
    private readonly LatencyRecorder _sendDelay = new();
    private readonly List<string> _faults = [];
    private readonly SortedDictionary<string, long> _refusalCodes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _secondRefusalCodes = new(StringComparer.Ordinal);
    private long _sent;
    private long _sentInWindow;
    private long _requestsInWindow;
    private long _imagesInWindow;
    private long _retries;
    private long _refusedAgain;
    private long _wrongRetries;

    /// <param name="isWarmUp">Whether the request was due before the measured window.</param>
    public void Sent(bool isWarmUp)
    {
        lock (_gate)
        {
            _sent++;
            _sentInWindow += isWarmUp ? 0 : 1;
        }
    }

    public void Ended(LoadRequest request, Answer answer, RequestTimes times)
    {
        lock (_gate)
        {
            var kind = KindOf(request.Kind);
            kind.Outcomes[(int)answer.Outcome]++;
            NoteFault(request, answer);
            CountCode(_refusalCodes, answer);
            CountInWindow(answer, times);
            if (times.IsWarmUp)
            {
                return;
            }

            _sendDelay.Record(times.SendDelay);
            if (answer.Outcome is Outcome.Ok or Outcome.BadRequestRefused)
            {
                kind.Latency.Record(times.Latency);
            }

            if (answer.Images > 0)
            {
                _latency.Record(times.Latency);
                _serviceTime.Record(times.Latency - times.SendDelay);
            }
            else if (answer.Outcome == Outcome.Overloaded)
            {
                _refusals.Record(times.Latency);
            }
        }
    }

    /// <summary>Counts the answer to a second attempt.</summary>
    public void Retried(LoadRequest request, Answer answer, RequestTimes times)
    {
        lock (_gate)
        {
            _retries++;
            _refusedAgain += answer.Outcome is Outcome.Overloaded or Outcome.Unavailable ? 1 : 0;
            _wrongRetries += answer.Outcome.IsWrong() ? 1 : 0;
            NoteFault(request, answer);
            CountCode(_secondRefusalCodes, answer);
            CountInWindow(answer, times);
        }
    }

    /// <param name="seconds">Length of the measured window.</param>
    public LoadReport Report(double seconds, (LatencySummary Times, long Failures) liveness)
    {
        lock (_gate)
        {
            return new LoadReport
            {
                OfferedRequestsPerSecond = _sentInWindow / seconds,
                RequestsPerSecond = _requestsInWindow / seconds,
                ImagesPerSecond = _imagesInWindow / seconds,
                Seconds = seconds,
                Sent = _sent,
                Outcomes = Outcomes.All.ToDictionary(outcome => outcome.Name(), outcome => _kinds.Values.Sum(kind => kind.Outcomes[(int)outcome])),
                RefusalCodes = _refusalCodes.ToDictionary(),
                Retries = new(
                    _retries,
                    _refusedAgain,
                    _secondRefusalCodes.ToDictionary(),
                    _retries == 0 ? double.NaN : (double)(_retries - _refusedAgain) / _retries,
                    _wrongRetries),
                Latency = _latency.Summary(),
                ServiceTime = _serviceTime.Summary(),
                RefusalLatency = _refusals.Summary(),
                SendDelay = _sendDelay.Summary(),
                Liveness = liveness.Times,
                LivenessFailures = liveness.Failures,
                Kinds = [.. _kinds.OrderBy(pair => pair.Key).Select(pair => pair.Value.Report(pair.Key))],
                Faults = [.. _faults],
            };
        }
    }

    private static void CountCode(SortedDictionary<string, long> codes, Answer answer)
    {
        if (answer.Code is { } code)
        {
            codes[code] = codes.GetValueOrDefault(code) + 1;
        }
    }

    private void CountInWindow(Answer answer, RequestTimes times)
    {
        if (times.EndsInWindow && answer.Outcome is Outcome.Ok or Outcome.BadRequestRefused)
        {
            _requestsInWindow++;
            _imagesInWindow += answer.Images;
        }
    }

    private void NoteFault(LoadRequest request, Answer answer)
    {
        if (answer.Outcome.IsWrong() && _faults.Count < MostFaults)
        {
            _faults.Add($"{request.Name}: {answer.Outcome}: {answer.Detail}");
        }
    }

    private KindTally KindOf(RequestKind kind) => _kinds.TryGetValue(kind, out var found) ? found : _kinds[kind] = new KindTally();

    private sealed class KindTally
    {
        public long[] Outcomes { get; } = new long[Answers.Outcomes.All.Count];

        public LatencyRecorder Latency { get; } = new();

        public KindReport Report(RequestKind kind) => new(
            kind.ToString().ToLowerInvariant(),
            Answers.Outcomes.All.Where(outcome => Outcomes[(int)outcome] > 0).ToDictionary(outcome => outcome.Name(), outcome => Outcomes[(int)outcome]),
            Latency.Summary());
    }
}

/// <summary>The times of one request.</summary>
/// <param name="Latency">From the time at which it was due to the end of the answer.</param>
/// <param name="SendDelay">From the time at which it was due until it was sent.</param>
/// <param name="IsWarmUp">Whether it was due before the measured window.</param>
/// <param name="EndsInWindow">Whether it ended in the measured window.</param>
internal readonly record struct RequestTimes(TimeSpan Latency, TimeSpan SendDelay, bool IsWarmUp, bool EndsInWindow);
