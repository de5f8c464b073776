namespace CtfService.Model.Cpu;

/// <summary>The number of threads of a decode step by its number of rows. In a small step the threads wait longer for each other than they save.</summary>
/// <param name="measured">Numbers of rows in ascending order, at least one, each with its number of threads.</param>
internal sealed class StepThreads(IReadOnlyList<(int Rows, int Threads)> measured)
{
    private readonly (int Rows, int Threads)[] _measured = [.. measured];

    /// <summary>Returns the same number of threads for every step.</summary>
    public static StepThreads Always(int threads) => new([(1, threads)]);

    /// <summary>Returns the number of threads for a step: that of the nearest measured number of rows that is not smaller, or of the largest.</summary>
    public int For(int rows)
    {
        foreach (var (measured, threads) in _measured)
        {
            if (measured >= rows)
            {
                return threads;
            }
        }

        return _measured[^1].Threads;
    }
}
