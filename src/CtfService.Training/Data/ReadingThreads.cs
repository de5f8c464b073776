using System.Runtime.ExceptionServices;

namespace CtfService.Training.Data;

/// <summary>Reads and decodes images on as many threads as the machine has processors.</summary>
internal static class ReadingThreads
{
    /// <summary>Calls an action for 0 to <paramref name="count"/> - 1, in any order.</summary>
    /// <param name="threads">Calls at the same time; null for one on each processor.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two calls.</exception>
    public static void ForEach(int count, Action<int> action, int? threads = null, CancellationToken cancellation = default)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads ?? Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            Parallel.For(0, count, options, action);
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]); // the caller expects the exceptions of the action
        }
    }
}
