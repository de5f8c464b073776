using System.Globalization;

namespace CtfService.Trials.Processes;

/// <summary>A control group of Linux (version 1 or 2), as containers are limited by one: memory, and the time of one processor. Needs root.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private const int Period = 100_000; // microseconds

    private readonly string _memory;
    private readonly string _processor;
    private readonly bool _isFirstVersion;

    private MemoryGroup(string memory, string processor, bool isFirstVersion) => (_memory, _processor, _isFirstVersion) = (memory, processor, isFirstVersion);

    /// <summary>Largest memory of the group so far, including files that the system keeps in memory, bytes.</summary>
    public long Peak => Number(_isFirstVersion ? "memory.max_usage_in_bytes" : "memory.peak");

    /// <summary>Number of processes that the system ended because the memory was used up.</summary>
    public long Killed => File.ReadLines(Path.Combine(_memory, _isFirstVersion ? "memory.oom_control" : "memory.events"))
        .Where(line => line.StartsWith("oom_kill ", StringComparison.Ordinal)).Sum(line => long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));

    /// <summary>Creates a group. Returns null if this machine does not let this process create one.</summary>
    public static MemoryGroup? TryCreate(string name, long bytes)
    {
        var isFirstVersion = Directory.Exists(Path.Combine(Root, "memory"));
        try
        {
            var memory = Directory.CreateDirectory(Path.Combine(Root, isFirstVersion ? "memory" : "", name)).FullName;
            var processor = Directory.CreateDirectory(Path.Combine(Root, isFirstVersion ? "cpu" : "", name)).FullName;
            File.WriteAllText(Path.Combine(memory, isFirstVersion ? "memory.limit_in_bytes" : "memory.max"), $"{bytes}");
            if (isFirstVersion)
            {
                File.WriteAllText(Path.Combine(processor, "cpu.cfs_period_us"), $"{Period}");
                File.WriteAllText(Path.Combine(processor, "cpu.cfs_quota_us"), $"{Period}");
            }
            else
            {
                File.WriteAllText(Path.Combine(processor, "cpu.max"), $"{Period} {Period}");
            }

            return new(memory, processor, isFirstVersion);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Returns a shell command that joins the group and becomes the program that follows it.</summary>
    public string[] Joining => ["sh", "-c", $"echo $$ > {_memory}/cgroup.procs; echo $$ > {_processor}/cgroup.procs; exec \"$@\"", "sh"];

    public void Dispose()
    {
        foreach (var folder in new[] { _memory, _processor }.Distinct())
        {
            Directory.Delete(folder); // files of the kernel disappear with it
        }
    }

    private long Number(string file) => long.Parse(File.ReadAllText(Path.Combine(_memory, file)), CultureInfo.InvariantCulture);
}
