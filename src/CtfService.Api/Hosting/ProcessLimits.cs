using System.Globalization;

namespace CtfService.Api.Hosting;

/// <summary>
/// Checks the resource limits of this process. Limits that are too low cause exceptions that do not name the cause: a library that "cannot be found", a
/// thread that cannot start. Linux only.
/// </summary>
internal static class ProcessLimits
{
    private const string File = "/proc/self/limits";

    /// <summary>Number of files that the program itself opens (each library stays open), before the first connection.</summary>
    public const int OwnFiles = 512;

    /// <summary>Heaps and stacks are reserved, not used, in gigabytes.</summary>
    private const long LeastAddressSpace = 8L << 30;

    /// <summary>Maximum number of open files and connections; null if unknown or unlimited.</summary>
    public static long? OpenFiles => System.IO.File.Exists(File) ? Limit(System.IO.File.ReadAllText(File), "Max open files") : null;

    /// <summary>Checks the limits. Reads a single file, because anything more may fail.</summary>
    /// <exception cref="StartRefusedException">A limit is too low for the service.</exception>
    public static void Require()
    {
        if (System.IO.File.Exists(File) && Problems(System.IO.File.ReadAllText(File)) is { Count: > 0 } problems)
        {
            throw new StartRefusedException(problems);
        }
    }

    /// <param name="limits">Content of <c>/proc/self/limits</c>.</param>
    internal static IReadOnlyList<string> Problems(string limits)
    {
        var problems = new List<string>();
        if (Limit(limits, "Max open files") is { } files && files < OwnFiles)
        {
            problems.Add(
                $"The process may open {files} files; expected at least {OwnFiles}, and one more for each connection. "
                + "Raise the limit: ulimit -n 65536, LimitNOFILE=65536 of systemd, or --ulimit nofile=65536 of docker run.");
        }

        if (Limit(limits, "Max address space") is { } bytes && bytes < LeastAddressSpace)
        {
            problems.Add(
                $"The process may have {bytes >> 20} MiB of address space; expected at least {LeastAddressSpace >> 20}, "
                + "because .NET reserves much more than it uses. Remove the limit (ulimit -v unlimited) and limit memory instead, "
                + "by a container or MemoryMax= of systemd.");
        }

        return problems;
    }

    /// <summary>Returns the soft limit; null if there is none.</summary>
    private static long? Limit(string limits, string name)
    {
        foreach (var line in limits.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal)
                && long.TryParse(line[name.Length..].TrimStart().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
            {
                return limit;
            }
        }

        return null;
    }
}
