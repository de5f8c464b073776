using System.Globalization;

namespace CtfService.Model.Memory;

/// <summary>Memory of a process whose container limits it. If more is used, the system ends the process without a word.</summary>
public static class ContainerMemory
{
    /// <summary>In a container, .NET takes this part of the limit for its heap, and reports it as all that there is.</summary>
    private const double HeapShare = 0.75;

    private const string Machine = "/proc/meminfo";

    private const string Process = "/proc/self/status";

    /// <summary>The limit in bytes; null if the process may use the whole memory of the machine.</summary>
    public static long? Limit { get; } = ReadLimit();

    private static long? ReadLimit()
    {
        GC.Collect(generation: 0); // before the first collection, the numbers are 0
        var available = GC.GetGCMemoryInfo(GCKind.Any).TotalAvailableMemoryBytes;
        return Value(Machine, "MemTotal:") is { } all && available < all * HeapShare ? (long)(available / HeapShare) : null;
    }

    /// <summary>Returns the memory that the process has and the system cannot take back, bytes; null if unknown.</summary>
    public static long? Used() => Value(Process, "RssAnon:");

    /// <summary>Reads a line such as <c>MemTotal:  16384 kB</c>.</summary>
    private static long? Value(string file, string name)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line?[name.Length..].Split(default(char[]), StringSplitOptions.RemoveEmptyEntries) is [var kilobytes, ..]
            ? long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1_024
            : null;
    }
}
