using System.Runtime.InteropServices;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// Memory mapped directly from Linux, aligned to transparent huge pages and advised to use them: with 4 KiB pages, reading hundreds of megabytes spends a
/// tenth of the time on address translation. It returns to the system when it is freed. The C library would keep blocks of up to 32 MiB, and with them half
/// of every model that a service has replaced.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Bytes of a huge page.</summary>
    public const nuint Size = 2 << 20;

    // sys/mman.h of Linux
    private const int ReadAndWrite = 1 | 2; // PROT_READ, PROT_WRITE
    private const int PrivateMemory = 0x02 | 0x20; // MAP_PRIVATE, MAP_ANONYMOUS
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    /// <summary>Gets whether the system is Linux.</summary>
    public static bool AreSupported => OperatingSystem.IsLinux();

    /// <summary>Maps zeroed memory.</summary>
    /// <param name="length">Bytes, a multiple of <see cref="Size"/>.</param>
    /// <exception cref="InsufficientMemoryException">The system does not have this much memory.</exception>
    public static byte* Map(nuint length)
    {
        var mapped = (nuint)Map(null, length + Size, ReadAndWrite, PrivateMemory, file: -1, offset: 0);
        if (mapped == nuint.MaxValue)
        {
            throw new InsufficientMemoryException($"The system could not provide {length:N0} bytes of memory.");
        }

        var start = (mapped + Size - 1) / Size * Size;
        Unmap((byte*)mapped, start - mapped); // returns the unaligned parts before and after
        Unmap((byte*)(start + length), mapped + Size - start);
        _ = Advise((byte*)start, length, AdviseHugePages); // fails on a kernel without huge pages, where small pages serve
        return (byte*)start;
    }

    /// <summary>Returns memory to the system.</summary>
    public static void Unmap(byte* start, nuint length)
    {
        if (length > 0)
        {
            _ = UnmapPages(start, length);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapPages(void* start, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
