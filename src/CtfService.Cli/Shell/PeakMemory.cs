using System.Diagnostics;

namespace CtfService.Cli.Shell;

/// <summary>The most memory a process has held, mapped pages of files included.</summary>
internal static class PeakMemory
{
    /// <summary>Bytes.</summary>
    public static long OfThisProcess()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
