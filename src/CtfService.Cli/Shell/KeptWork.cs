using CtfService.Training.Progress;

namespace CtfService.Cli.Shell;

/// <summary>Runs work that keeps finished results when it is stopped, so that the same command continues from there.</summary>
internal static class KeptWork
{
    /// <param name="kept">One sentence for the user: what is kept, and where.</param>
    /// <exception cref="WorkStoppedException">The work was cancelled.</exception>
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
