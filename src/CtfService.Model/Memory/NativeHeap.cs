using System.Runtime.InteropServices;

namespace CtfService.Model.Memory;

/// <summary>The freed memory that the C library keeps for later allocations.</summary>
public static partial class NativeHeap
{
    /// <summary>M_ARENA_MAX of glibc's malloc.h.</summary>
    private const int ArenaMax = -8;

    private const int LeastArenas = 2;

    private const int ProcessorsPerArena = 4;

    /// <summary>
    /// Lets threads share a few arenas, unless MALLOC_ARENA_MAX is set. glibc gives each thread its own, up to eight for each processor, and each keeps the
    /// most that was ever used at its end, which <see cref="Trim()"/> cannot return. Call before threads are started; arenas that exist stay.
    /// </summary>
    public static void LimitArenas()
    {
        if (Environment.GetEnvironmentVariable("MALLOC_ARENA_MAX") is null)
        {
            Call(static () => SetOption(ArenaMax, Math.Max(LeastArenas, Environment.ProcessorCount / ProcessorsPerArena)));
        }
    }

    /// <summary>
    /// Returns freed pages to the system. glibc keeps blocks of up to 32 MiB, and most matrices are smaller: after several models, half the memory of one
    /// stayed with the process. Takes milliseconds. Other C libraries return pages by themselves.
    /// </summary>
    public static void Trim() => Call(static () => Trim(pad: 0));

    private static void Call(Func<int> function)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = function();
        }
        catch (EntryPointNotFoundException)
        {
            // musl does not have these functions
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint pad);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
