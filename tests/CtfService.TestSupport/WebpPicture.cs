using System.Buffers.Binary;
using System.Text;

namespace CtfService.TestSupport;

/// <summary>Rewrites lossy WebP files as kinds that the service itself does not write.</summary>
public static class WebpPicture
{
    private const int HeaderBytes = 12;

    private const byte HasAnimation = 0x02, HasAlpha = 0x10;

    /// <summary>Adds an alpha channel without compression.</summary>
    /// <param name="opaque">A lossy file of one chunk.</param>
    /// <param name="alpha">[H, W].</param>
    public static byte[] WithAlpha(byte[] opaque, int width, int height, byte[] alpha) =>
        File([.. Extended(HasAlpha, width, height), .. Chunk("ALPH", [0, .. alpha]), .. opaque[HeaderBytes..]]);

    /// <summary>Makes an animation of two equal frames.</summary>
    /// <param name="opaque">A lossy file of one chunk.</param>
    public static byte[] Animated(byte[] opaque, int width, int height)
    {
        byte[] frame = [0, 0, 0, 0, 0, 0, .. Number24(width - 1), .. Number24(height - 1), .. Number24(100), 0, .. opaque[HeaderBytes..]];
        return File([.. Extended(HasAnimation, width, height), .. Chunk("ANIM", new byte[6]), .. Chunk("ANMF", frame), .. Chunk("ANMF", frame)]);
    }

    /// <summary>Returns a file with these chunks.</summary>
    public static byte[] File(byte[] chunks)
    {
        byte[] file = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBP"u8, .. chunks];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }

    /// <summary>Returns the chunk that announces the features of a file.</summary>
    public static byte[] Extended(byte features, int width, int height) =>
        Chunk("VP8X", [features, 0, 0, 0, .. Number24(width - 1), .. Number24(height - 1)]);

    public static byte[] Chunk(string type, byte[] content)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        return [.. Encoding.Latin1.GetBytes(type), .. length, .. content, .. new byte[content.Length % 2]];
    }

    private static byte[] Number24(int number) => [(byte)number, (byte)(number >> 8), (byte)(number >> 16)];
}
