using CtfService.Trials.Reports;

namespace CtfService.Trials.Traffic;

/// <summary>Counts how requests ended, by kind of request. Thread-safe.</summary>
internal sealed class TrafficTally
{
    private const int MostDetails = 50;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, int> _ends = new(StringComparer.Ordinal);
    private readonly List<string> _failures = [];
    private int _failed;
    private int _sentToOther;

    /// <summary>Requests that are not answered yet count from their answer.</summary>
    public int Requests { get; private set; }

    public int Failed => Locked(() => _failed);

    public int OtherGateway => Locked(() => _sentToOther);

    /// <summary>What went wrong, the first fifty.</summary>
    public IReadOnlyList<string> Failures => Locked(() => _failures.ToList());

    /// <summary>Ends by name, such as <c>refused 429 queue_full</c>.</summary>
    public IReadOnlyDictionary<string, int> Ends => Locked(() => _ends.ToDictionary());

    public int Count(EndKind kind) => Locked(() => _ends.Where(end => end.Key.StartsWith(Name(kind), StringComparison.Ordinal)).Sum(end => end.Value));

    /// <summary>Counts the end of a request, and keeps what is wrong with it.</summary>
    /// <param name="what">The request, for the report of a failure.</param>
    public void Ended(TrafficEnd end, string what)
    {
        lock (_gate)
        {
            Requests++;
            var name = end.Kind == EndKind.Refused ? $"{Name(end.Kind)} {end.Detail}" : Name(end.Kind);
            _ends[name] = _ends.GetValueOrDefault(name) + 1;
        }

        if (end.Kind == EndKind.Failed)
        {
            Wrong($"{what}: {end.Detail}");
        }
        else if (end.Kind is EndKind.CutOff or EndKind.LostWithGateway)
        {
            TrialReport.Progress($"{Name(end.Kind)}: {what}: {end.Detail}");
        }
    }

    /// <summary>Notes something that must not happen.</summary>
    public void Wrong(string what)
    {
        TrialReport.Progress($"WRONG: {what}");
        lock (_gate)
        {
            _failed++;
            if (_failures.Count < MostDetails)
            {
                _failures.Add($"{TimeProvider.System.GetLocalNow():HH:mm:ss.fff} {what}");
            }
        }
    }

    public void SentToOtherGateway()
    {
        lock (_gate)
        {
            _sentToOther++;
        }
    }

    private static string Name(EndKind kind) => kind switch
    {
        EndKind.Answered => "answered",
        EndKind.Refused => "refused",
        EndKind.CutOff => "cut off after the first byte",
        EndKind.LostWithGateway => "lost with the gateway",
        _ => "failed",
    };

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}
