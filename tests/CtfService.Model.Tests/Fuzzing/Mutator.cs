using System.Buffers.Binary;
using System.Text;

namespace CtfService.Model.Tests.Fuzzing;

/// <summary>Damages files as faults and attackers do, determined by a seed.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly long[] EdgeNumbers =
        [0, 1, -1, -4, 127, 255, 256, 65535, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 1L << 40];

    private static readonly string[] JsonPieces =
    [
        "-1", "0", "1e308", "2147483647", "9223372036854775807", "18446744073709551616", "0.5",
        "null", "true", "[]", "{}", "\"\"", "\"x\"", ",", ":", "[", "}", "\\u0000",
    ];

    private readonly Random _random = new(seed);

    public byte[] Mutate(byte[] original, byte[] other, bool isText)
    {
        var bytes = (byte[])original.Clone();
        for (var rounds = _random.Next(1, 5); rounds > 0 && bytes.Length > 0; rounds--)
        {
            bytes = _random.Next(isText ? 9 : 7) switch
            {
                0 => Flip(bytes),
                1 => Overwrite(bytes, Number()),
                2 => bytes[.._random.Next(bytes.Length)],
                3 => Cut(bytes),
                4 => Insert(bytes, Random(_random.Next(1, 16))),
                5 => Insert(bytes, Slice(bytes)),
                6 => Insert(bytes, Slice(other)),
                7 => ReplaceNumber(bytes),
                _ => Insert(bytes, Encoding.UTF8.GetBytes(JsonPieces[_random.Next(JsonPieces.Length)])),
            };
        }

        return bytes;
    }

    private byte[] Flip(byte[] bytes)
    {
        for (var count = _random.Next(1, 9); count > 0; count--)
        {
            bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
        }

        return bytes;
    }

    private byte[] Number()
    {
        var number = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(number, EdgeNumbers[_random.Next(EdgeNumbers.Length)]);
        return number[..(1 << _random.Next(4))];
    }

    private byte[] Overwrite(byte[] bytes, byte[] patch)
    {
        var place = _random.Next(bytes.Length);
        patch.AsSpan(0, Math.Min(patch.Length, bytes.Length - place)).CopyTo(bytes.AsSpan(place));
        return bytes;
    }

    private byte[] Cut(byte[] bytes)
    {
        var start = _random.Next(bytes.Length);
        var end = Math.Min(bytes.Length, start + _random.Next(1, 64));
        return [.. bytes.AsSpan(0, start), .. bytes.AsSpan(end)];
    }

    private byte[] Insert(byte[] bytes, ReadOnlySpan<byte> piece)
    {
        var place = _random.Next(bytes.Length + 1);
        return [.. bytes.AsSpan(0, place), .. piece, .. bytes.AsSpan(place)];
    }

    private byte[] Slice(byte[] bytes)
    {
        var start = _random.Next(bytes.Length);
        return bytes.AsSpan(start, Math.Min(bytes.Length - start, _random.Next(1, 256))).ToArray();
    }

    private byte[] Random(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Replaces a number in JSON by another value.</summary>
    private byte[] ReplaceNumber(byte[] bytes)
    {
        var start = _random.Next(bytes.Length);
        while (start < bytes.Length && !char.IsAsciiDigit((char)bytes[start]))
        {
            start++;
        }

        var end = start;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end]))
        {
            end++;
        }

        return [.. bytes.AsSpan(0, start), .. Encoding.UTF8.GetBytes(JsonPieces[_random.Next(JsonPieces.Length)]), .. bytes.AsSpan(end)];
    }
}
