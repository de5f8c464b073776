using System.Runtime.InteropServices;

namespace CtfService.Model.Cpu.Runtime;

/// <summary>
/// Memory outside the garbage-collected heap, for weights, caches and activations. On Linux, buffers of 2 MiB and more are mapped as
/// <see cref="HugePages"/>; all others come from the C library, aligned to cache lines. Code that allocates several buffers opens a
/// <see cref="NativeScope"/>.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private readonly bool _isMapped;
    private byte* _start;

    /// <param name="bytes">Size, at least 1.</param>
    /// <param name="zeroed">False if everything is written before it is read. Pages that are never touched then cost no memory.</param>
    /// <exception cref="OutOfMemoryException">The system does not have this much memory.</exception>
    public NativeBuffer(long bytes, bool zeroed = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        Length = bytes;
        NativeScope.Register(this, bytes);
        _isMapped = HugePages.AreSupported && (nuint)bytes >= HugePages.Size;
        var size = RoundUp((nuint)bytes, _isMapped ? HugePages.Size : Alignment.CacheLineBytes);
        _start = _isMapped ? HugePages.Map(size) : (byte*)NativeMemory.AlignedAlloc(size, Alignment.CacheLineBytes);
        if (zeroed)
        {
            NativeMemory.Clear(_start, size); // mapped pages are zero already; this faults them in now and not during a decode step
        }
    }

    /// <summary>Allocates zeroed memory for <paramref name="count"/> floats.</summary>
    public static NativeBuffer OfFloats(long count) => new(count * sizeof(float));

    /// <summary>Gets whether the buffer is disposed.</summary>
    public bool IsFreed => _start is null;

    /// <summary>Gets the size in bytes, without what alignment adds.</summary>
    public long Length { get; }

    /// <summary>Gets the start of the memory; null once the buffer is disposed.</summary>
    public byte* Bytes => _start;

    /// <summary>Gets the start of the memory as floats.</summary>
    public float* Floats => (float*)_start;

    public void Dispose()
    {
        if (_isMapped && _start is not null)
        {
            HugePages.Unmap(_start, RoundUp((nuint)Length, HugePages.Size));
        }
        else
        {
            NativeMemory.AlignedFree(_start);
        }

        _start = null;
    }

    private static nuint RoundUp(nuint size, nuint multiple) => (size + multiple - 1) / multiple * multiple;
}

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
        _ = Advise((byte*)start, length, AdviseHugePages); // fails on a kernel without huge pages, which keeps small ones
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
