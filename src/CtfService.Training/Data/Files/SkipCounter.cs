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

    /// <summary>Returns what was counted and starts again from zero.</summary>
    public IReadOnlyList<SkippedFiles> Take()
    {
        lock (_lock)
        {
            var counted = ToList();
            _reasons.Clear();
            return counted;
        }
    }

    public IReadOnlyList<SkippedFiles> ToList()
    {
        lock (_lock)
        {
            return [.. _reasons.Select(reason => new SkippedFiles(reason.Key, reason.Value.Count, [.. reason.Value.Names]))];
        }
    }

    /// <summary>Returns a sentence that ends an error message; empty if nothing was skipped.</summary>
    public string Because() => ToList() is { Count: > 0 } reasons ? $" Skipped: {string.Join("; ", reasons)}." : "";
}
