using System.Runtime.InteropServices;

namespace CtfService.Model.Memory;

/// <summary>The freed memory that the C library keeps for later allocations.</summary>
internal static partial class NativeHeap
{
    /// <summary>
    /// Returns the pages of a freed model to the system. glibc keeps blocks of up to 32 MiB, and most matrices are smaller: after several models, half the
    /// memory of one stayed with the process. Takes milliseconds. Other C libraries return pages by themselves.
    /// </summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = Trim(pad: 0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl does not have this function
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
