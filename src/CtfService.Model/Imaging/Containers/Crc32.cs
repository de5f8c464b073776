namespace CtfService.Model.Imaging.Containers;

/// <summary>The checksum of PNG chunks (PNG specification, third edition, annex D). Computed bit by bit, because the texts are short.</summary>
internal static class Crc32
{
    private const uint ReversedPolynomial = 0xEDB88320;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (ReversedPolynomial & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
