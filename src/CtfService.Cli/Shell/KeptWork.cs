using CtfService.Training.Progress;

namespace CtfService.Cli.Shell;

/// <summary>Work that keeps what is finished when it is stopped, so that the same command goes on with it.</summary>
internal static class KeptWork
{
    /// <param name="kept">One sentence: what is kept, and where.</param>
    /// <exception cref="WorkStoppedException">Cancelled.</exception>
    public static void Run(string kept, Action work, CancellationToken cancellation)
    {
        try
        {
            work();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new WorkStoppedException($"Stopped. {kept}", cancellation);
        }
    }
}
