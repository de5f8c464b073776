using System.Buffers.Binary;
using System.Text;

namespace CtfService.Model.Checkpoints;

/// <summary>The header of a <c>.npy</c> array (NEP 1, format version 1.0), in the bytes that NumPy writes.</summary>
public static class NpyHeader
{
    /// <summary>NumPy pads headers to a multiple of this number of bytes, so that the data are aligned.</summary>
    private const int Alignment = 64;

    private static readonly byte[] Magic = [0x93, .. "NUMPY"u8, 1, 0];

    /// <param name="type">Element type in NumPy's notation, such as <c>|u1</c> or <c>&lt;i8</c>.</param>
    /// <param name="shape">At least one dimension; the array is in C order.</param>
    public static byte[] Create(string type, params ReadOnlySpan<int> shape)
    {
        var dimensions = shape.Length == 1 ? $"{shape[0]}," : string.Join(", ", shape.ToArray());
        var description = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({dimensions}), }}";
        var used = Magic.Length + sizeof(ushort) + description.Length + 1;
        var padding = (Alignment - (used % Alignment)) % Alignment;
        var length = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(length, checked((ushort)(description.Length + padding + 1)));
        return [.. Magic, .. length, .. Encoding.ASCII.GetBytes(description), .. Enumerable.Repeat((byte)' ', padding), (byte)'\n'];
    }
}
