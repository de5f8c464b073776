namespace CtfService.Training.Tokens;

/// <summary>Reads the rows of a step on another thread while the step before it is computed. Used by one thread.</summary>
/// <param name="read">Reads the rows of a step. Thread-safe, and a function of the step only.</param>
internal sealed class TokenPrefetch(Func<long, TokenRows> read) : IDisposable
{
    private long _step;
    private Task<TokenRows>? _rows;

    /// <summary>Returns the rows of a step, and starts to read those of the next.</summary>
    public TokenRows Take(long step)
    {
        var rows = _rows is not null && _step == step && Ends(_rows) ? _rows.GetAwaiter().GetResult() : read(step); // a read that failed is tried again
        _step = step + 1;
        _rows = Task.Run(() => read(step + 1));
        return rows;
    }

    /// <summary>Waits until nothing is read any more.</summary>
    public void Dispose() => _ = _rows is null || Ends(_rows);

    /// <summary>Waits for a read; returns whether it succeeded.</summary>
    private static bool Ends(Task<TokenRows> rows) => rows.ContinueWith(read => read.IsCompletedSuccessfully, TaskScheduler.Default).GetAwaiter().GetResult();
}
