namespace CtfService.Jobs.Files;

/// <summary>Deletes the incomplete files of processes that were killed while they wrote. Thread-safe.</summary>
internal sealed class Leftovers(string folder, TimeProvider clock)
{
    /// <summary>
    /// A writer holds a lock on its file, but a lock may not reach other machines on every shared volume. A file that nobody has written to for this long is
    /// abandoned; should it be in use nevertheless, its writer fails and tries again.
    /// </summary>
    public static readonly TimeSpan Age = TimeSpan.FromHours(1);

    private long _nextCheck = DateTimeOffset.MinValue.UtcTicks;

    /// <summary>Deletes what is abandoned; at most once an hour, because it reads the folder.</summary>
    public void DeleteIfDue()
    {
        var now = clock.GetUtcNow();
        var due = Interlocked.Read(ref _nextCheck);
        if (now.UtcTicks < due || Interlocked.CompareExchange(ref _nextCheck, (now + Age).UtcTicks, due) != due)
        {
            return;
        }

        foreach (var file in Directory.EnumerateFiles(folder))
        {
            DeleteIfAbandoned(file, now);
        }
    }

    private static void DeleteIfAbandoned(string file, DateTimeOffset now)
    {
        try
        {
            if (now - File.GetLastWriteTimeUtc(file) >= Age)
            {
                using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                {
                }

                File.Delete(file);
            }
        }
        catch (Exception error) when (StorageErrors.IsOfStorage(error))
        {
            // In use, or deleted by another process; the next check sees it again.
        }
    }
}
