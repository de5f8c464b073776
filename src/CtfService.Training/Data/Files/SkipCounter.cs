namespace CtfService.Training.Data.Files;

/// <summary>Counts skipped files by reason, in memory that does not grow with their number. Thread-safe.</summary>
internal sealed class SkipCounter
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (int Count, SortedSet<string> Names)> _reasons = new(StringComparer.Ordinal);

    public void Add(string name, string reason)
    {
        lock (_lock)
        {
            var (count, names) = _reasons.TryGetValue(reason, out var seen) ? seen : (0, new SortedSet<string>(StringComparer.Ordinal));
            names.Add(name);
            if (names.Count > SkippedFiles.MaxNames)
            {
                names.Remove(names.Max!);
            }

            _reasons[reason] = (count + 1, names);
        }
    }

    public IReadOnlyList<SkippedFiles> ToList()
    {
        lock (_lock)
        {
            return [.. _reasons.Select(reason => new SkippedFiles(reason.Key, reason.Value.Count, [.. reason.Value.Names]))];
        }
    }
}
