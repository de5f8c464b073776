using System.Runtime.InteropServices;

namespace CtfService.Model.Cpu.Memory;

/// <summary>
/// Memory straight from Linux. It is aligned to huge pages and asks for them: streaming hundreds of megabytes through 4 KiB pages spends a tenth of the time on address
/// translation. And it goes back to the system when it is freed: the C library would keep blocks of up to 32 MiB, huge pages included, and with them half of
/// every model that a service has replaced.
/// </summary>
internal static unsafe partial class HugePages
{
    public const nuint Size = 2 << 20;

    // Linux's sys/mman.h
    private const int ReadAndWrite = 1 | 2; // PROT_READ, PROT_WRITE
    private const int PrivateMemory = 0x02 | 0x20; // MAP_PRIVATE, MAP_ANONYMOUS
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE

    public static bool AreSupported => OperatingSystem.IsLinux();

    /// <summary>Zeroed memory.</summary>
    /// <param name="length">A multiple of <see cref="Size"/>.</param>
    /// <exception cref="InsufficientMemoryException">The system has not so much.</exception>
    public static byte* Map(nuint length)
    {
        var mapped = (nuint)Map(null, length + Size, ReadAndWrite, PrivateMemory, file: -1, offset: 0);
        if (mapped == nuint.MaxValue)
        {
            throw new InsufficientMemoryException($"The system has no {length:N0} bytes of memory left.");
        }

        var start = (mapped + Size - 1) / Size * Size;
        Unmap((byte*)mapped, start - mapped); // what lies before and behind the aligned part
        Unmap((byte*)(start + length), mapped + Size - start);
        _ = Advise((byte*)start, length, AdviseHugePages); // a kernel without them says no; small pages work as well
        return (byte*)start;
    }

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
