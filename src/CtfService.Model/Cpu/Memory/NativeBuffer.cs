using System.Runtime.InteropServices;

namespace CtfService.Model.Cpu.Memory;

/// <summary>
/// Memory outside the garbage collector's heap, for weights, caches and activations. From 2 MiB up it has pages of its own where the system hands them out
/// (<see cref="HugePages"/>); smaller ones, and all elsewhere, come from the C library. Code that makes several opens a <see cref="NativeScope"/>.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private readonly bool _isMapped;
    private byte* _start;

    /// <param name="zeroed">False where everything is written before it is read, so that pages never touched cost no memory.</param>
    /// <exception cref="OutOfMemoryException">There is not so much.</exception>
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
            NativeMemory.Clear(_start, size); // huge pages are zero, but only now there: better here than in a decode step
        }
    }

    public static NativeBuffer OfFloats(long count) => new(count * sizeof(float));

    public bool IsFreed => _start is null;

    /// <summary>Bytes asked for.</summary>
    public long Length { get; }

    public byte* Bytes => _start;

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
