using System.Runtime.InteropServices;

namespace CtfService.Api.Hosting;

/// <summary>Ends the process without the exit handlers of native libraries, which could wait for a device that hangs.</summary>
internal static partial class FinalExit
{
    /// <summary>Time to write the last lines of the log; its reader may stand still.</summary>
    private static readonly TimeSpan Flushing = TimeSpan.FromSeconds(1);

    /// <param name="logs">Disposed, so that its lines are written.</param>
    public static void End(ILoggerFactory logs, int exitCode)
    {
        var flushing = new Thread(logs.Dispose) { IsBackground = true };
        flushing.Start();
        flushing.Join(Flushing);
        if (OperatingSystem.IsWindows())
        {
            Environment.Exit(exitCode);
        }

        ExitAtOnce(exitCode);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitAtOnce(int exitCode);
}
