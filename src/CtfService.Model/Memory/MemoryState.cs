namespace CtfService.Model.Memory;

/// <summary>A device's memory at one moment, in bytes.</summary>
/// <param name="Total">What this process may use of the CPU's memory, in a container its part of the limit; a CUDA device's whole memory.</param>
/// <param name="Free">What nothing uses yet, other programs included.</param>
internal readonly record struct MemoryState(long Total, long Free)
{
    /// <summary>The machine's, or the container's; counted low in a container, of whose limit .NET takes three quarters for the whole.</summary>
    public static MemoryState OfProcess()
    {
        GC.Collect(generation: 0); // a collection looks at the memory anew
        var memory = GC.GetGCMemoryInfo(GCKind.Any);
        return new MemoryState(memory.TotalAvailableMemoryBytes, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes);
    }
}
