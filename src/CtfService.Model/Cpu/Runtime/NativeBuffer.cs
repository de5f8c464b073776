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
