namespace CtfService.Model.Memory;

/// <summary>A device's memory at one moment, in bytes.</summary>
/// <param name="Total">The host memory that this process may use (in a container part of its limit), or the whole memory of a CUDA device.</param>
/// <param name="Free">The memory that no program uses.</param>
internal readonly record struct MemoryState(long Total, long Free)
{
    /// <summary>
    /// Reads the memory of the machine or container. In a container the result is an underestimate: .NET takes three quarters of the limit as the total.
    /// </summary>
    public static MemoryState OfProcess()
    {
        GC.Collect(generation: 0); // a collection updates the numbers
        var memory = GC.GetGCMemoryInfo(GCKind.Any);
        return new MemoryState(memory.TotalAvailableMemoryBytes, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes);
    }
}
