using System.Runtime.InteropServices;

namespace CtfService.Model.Memory;

/// <summary>Freed memory that the C library keeps for allocations to come.</summary>
internal static partial class NativeHeap
{
    /// <summary>
    /// Gives the pages of a model that was freed back to the system. glibc keeps blocks of up to 32 MiB, which most matrices are: after some models came
    /// and went, half of one stayed with the process. Takes milliseconds. Other C libraries give back by themselves.
    /// </summary>
    public static void GiveBack()
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
            // musl, which has no such function
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);
}
