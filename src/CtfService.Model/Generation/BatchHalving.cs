using CtfService.Model.Memory;

namespace CtfService.Model.Generation;

/// <summary>
/// Runs a batch of a later stage. If that fails, for lack of memory or by any other error of the model, runs its two halves, and so on down to single items, so
/// that only items that fail alone fail.
/// </summary>
internal static class BatchHalving
{
    /// <param name="run">Runs some consecutive items of the batch. Must have no effect if it throws.</param>
    /// <param name="passed">Receives the items of each part that has run. Must not throw.</param>
    /// <param name="failed">Receives each item that fails alone, with its error.</param>
    /// <returns>The number of halvings for lack of memory (<see cref="MemoryFault"/>).</returns>
    /// <exception cref="OperationCanceledException">The run was cancelled; the items of the remaining parts have not run.</exception>
    public static int Run<TItem>(
        IReadOnlyList<TItem> batch, Action<IReadOnlyList<TItem>> run, Action<IReadOnlyList<TItem>> passed, Action<TItem, Exception> failed)
    {
        var halvings = 0;
        var parts = new Stack<IReadOnlyList<TItem>>(batch.Count == 0 ? [] : [batch]);
        while (parts.TryPop(out var part))
        {
            if (TryRun(part, run) is not { } fault)
            {
                passed(part);
                continue;
            }

            if (part.Count == 1)
            {
                failed(part[0], fault);
                continue;
            }

            halvings += MemoryFault.Is(fault) ? 1 : 0;
            foreach (var half in part.Chunk((part.Count + 1) / 2).Reverse()) // the first half is pushed last and runs first
            {
                parts.Push(half);
            }
        }

        return halvings;
    }

    /// <summary>Returns the error if the items cannot be run together, otherwise null.</summary>
    private static Exception? TryRun<TItem>(IReadOnlyList<TItem> items, Action<IReadOnlyList<TItem>> run)
    {
        try
        {
            run(items);
            return null;
        }
        // Any error of the model: a half may work, and a broken device fails every item.
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return fault;
        }
    }
}
