using System.Runtime.InteropServices;

namespace CtfService.Model.Cpu.Memory;

/// <summary>
/// Memory outside the garbage collector's heap, for weights, caches and activations. From 2 MiB up it is aligned to large pages and asks for
/// them: streaming hundreds of megabytes through 4 KiB pages spends a tenth of the time on address translation.
/// </summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const nuint CacheLine = 64;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE of Linux's sys/mman.h

    private byte* _start;

    /// <param name="zeroed">False where everything is written before it is read, so that pages never touched cost no memory.</param>
    public NativeBuffer(long bytes, bool zeroed = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        Length = bytes;
        var large = (nuint)bytes >= HugePage;
        var size = RoundUp((nuint)bytes, large ? HugePage : CacheLine);
        _start = (byte*)NativeMemory.AlignedAlloc(size, large ? HugePage : CacheLine);
        if (large && OperatingSystem.IsLinux())
        {
            _ = Advise(_start, size, AdviseHugePages); // a kernel without them says no; small pages work as well
        }

        if (zeroed)
        {
            NativeMemory.Clear(_start, size);
        }
    }

    public static NativeBuffer OfFloats(long count) => new(count * sizeof(float));

    /// <summary>Bytes asked for.</summary>
    public long Length { get; }

    public byte* Bytes => _start;

    public float* Floats => (float*)_start;

    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }

    private static nuint RoundUp(nuint size, nuint multiple) => (size + multiple - 1) / multiple * multiple;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
