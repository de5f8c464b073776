using System.Buffers.Binary;
using System.Text;

namespace CtfService.Model.Tests.Imaging;

/// <summary>Rewrites PNG files as other programs do.</summary>
internal static class PngChunks
{
    private const int Signature = 8;

    /// <summary>Inserts a chunk before the first one of a type.</summary>
    public static byte[] Insert(byte[] png, string before, string type, byte[] content)
    {
        var place = All(png).First(chunk => chunk.Type == before).Place;
        return [.. png[..place], .. Chunk(type, content), .. png[place..]];
    }

    /// <summary>Removes the chunks of a type whose content starts with given bytes.</summary>
    public static byte[] Remove(byte[] png, string type, string start)
    {
        List<byte> kept = [.. png[..Signature]];
        foreach (var (place, name, length) in All(png))
        {
            if (name != type || !png.AsSpan(place + 8, length).StartsWith(Encoding.Latin1.GetBytes(start)))
            {
                kept.AddRange(png[place..(place + length + 12)]);
            }
        }

        return [.. kept];
    }

    private static List<(int Place, string Type, int Length)> All(byte[] png)
    {
        var chunks = new List<(int, string, int)>();
        for (var place = Signature; place < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(place));
            chunks.Add((place, Encoding.Latin1.GetString(png, place + 4, 4), length));
            place += length + 12;
        }

        return chunks;
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] body = [.. Encoding.Latin1.GetBytes(type), .. content];
        var numbers = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(numbers, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(numbers.AsSpan(4), Model.Imaging.Containers.Crc32.Of(body));
        return [.. numbers[..4], .. body, .. numbers[4..]];
    }
}
