using System.Runtime.InteropServices;

namespace CtfService.Model.Generation;

/// <summary>Tells a full device from other faults.</summary>
internal static class MemoryFault
{
    /// <summary>libtorch says so only in the text of its error; the first is CUDA's, the second the CPU allocator's. Our own memory reports itself.</summary>
    public static bool Is(Exception error) => error switch
    {
        OutOfMemoryException => true,
        ExternalException report => report.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || report.Message.Contains("can't allocate memory", StringComparison.Ordinal),
        _ => false,
    };
}
