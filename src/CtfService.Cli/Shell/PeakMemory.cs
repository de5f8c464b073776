using System.Diagnostics;

namespace CtfService.Cli.Shell;

/// <summary>Reads the peak memory of a process, including mapped pages of files.</summary>
internal static class PeakMemory
{
    /// <summary>Returns the peak working set of this process, in bytes.</summary>
    public static long OfThisProcess()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
