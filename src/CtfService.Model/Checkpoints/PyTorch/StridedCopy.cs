using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Copies strided elements to contiguous ones, and swaps big-endian bytes.</summary>
internal static class StridedCopy
{
    /// <param name="source">The bytes from the first to the last element of the view.</param>
    /// <param name="destination">Receives all elements, row-major.</param>
    public static void Gather(PyTorchTensor view, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        switch (view.Storage.ElementBytes)
        {
            case 1: Gather<byte>(view, source, destination); break;
            case 2: Gather<ushort>(view, source, destination); break;
            case 4: Gather<uint>(view, source, destination); break;
            case 8: Gather<ulong>(view, source, destination); break;
            default: Gather<UInt128>(view, source, destination); break;
        }
    }

    public static void Swap(Span<byte> elements, int elementBytes)
    {
        switch (elementBytes)
        {
            case 2: Swap<ushort>(elements, BinaryPrimitives.ReverseEndianness); break;
            case 4: Swap<uint>(elements, BinaryPrimitives.ReverseEndianness); break;
            case 8: Swap<ulong>(elements, BinaryPrimitives.ReverseEndianness); break;
        }
    }

    private delegate void Reverse<T>(ReadOnlySpan<T> source, Span<T> destination);

    private static void Swap<T>(Span<byte> elements, Reverse<T> reverse)
        where T : unmanaged
    {
        var typed = MemoryMarshal.Cast<byte, T>(elements);
        reverse(typed, typed);
    }

    private static void Gather<T>(PyTorchTensor view, ReadOnlySpan<byte> source, Span<byte> destination)
        where T : unmanaged
    {
        var rest = MemoryMarshal.Cast<byte, T>(destination);
        Gather(view, dimension: 0, MemoryMarshal.Cast<byte, T>(source), ref rest);
    }

    private static void Gather<T>(PyTorchTensor view, int dimension, ReadOnlySpan<T> source, ref Span<T> destination)
        where T : unmanaged
    {
        if (dimension == view.Shape.Count)
        {
            destination[0] = source[0];
            destination = destination[1..];
            return;
        }

        for (long i = 0, place = 0; i < view.Shape[dimension]; i++, place += view.Strides[dimension])
        {
            Gather(view, dimension + 1, source[(int)place..], ref destination);
        }
    }
}
