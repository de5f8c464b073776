using CtfService.Model.Memory;

namespace CtfService.Model.Generation;

/// <summary>
/// Runs a batch of a later stage. If the device has too little memory for it, runs its two halves, and so on down to single items. An item that does not fit
/// alone never fits.
/// </summary>
internal static class BatchHalving
{
    /// <param name="run">Runs some consecutive items of the batch. Must have no effect if it throws for lack of memory (<see cref="MemoryFault"/>).</param>
    /// <param name="tooLarge">Receives each item that does not fit alone, with the device's error.</param>
    /// <returns>The number of halvings.</returns>
    public static int Run<TItem>(IReadOnlyList<TItem> batch, Action<IReadOnlyList<TItem>> run, Action<TItem, Exception> tooLarge)
    {
        var halvings = 0;
        var parts = new Stack<IReadOnlyList<TItem>>(batch.Count == 0 ? [] : [batch]);
        while (parts.TryPop(out var part))
        {
            if (TryRun(part, run) is not { } fault)
            {
                continue;
            }

            if (part.Count == 1)
            {
                tooLarge(part[0], fault);
                continue;
            }

            halvings++;
            foreach (var half in part.Chunk((part.Count + 1) / 2).Reverse()) // the first half is pushed last and runs first
            {
                parts.Push(half);
            }
        }

        return halvings;
    }

    /// <summary>Returns the device's error if the items do not fit, otherwise null.</summary>
    private static Exception? TryRun<TItem>(IReadOnlyList<TItem> items, Action<IReadOnlyList<TItem>> run)
    {
        try
        {
            run(items);
            return null;
        }
        catch (Exception fault) when (MemoryFault.Is(fault))
        {
            return fault;
        }
    }
}
