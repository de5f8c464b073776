namespace CtfService.Model.Imaging.Containers;

/// <summary>Reading pieces of a file whose lengths nobody vouches for.</summary>
internal static class ContainerBytes
{
    /// <summary>Longest text that is read, bytes; ours are below 2,000.</summary>
    public const int MaxTextBytes = 1 << 20;

    /// <summary>A piece of a container.</summary>
    /// <param name="what">For the message.</param>
    /// <exception cref="InvalidDataException">It reaches beyond the end.</exception>
    public static ReadOnlySpan<byte> Piece(ReadOnlySpan<byte> file, long start, long length, string what) =>
        start + length <= file.Length
            ? file.Slice((int)start, (int)length)
            : throw new InvalidDataException($"it is damaged or cut off: {what} at byte {start} takes {length} bytes, {Math.Max(0, file.Length - start)} are left.");

    /// <exception cref="InvalidDataException">Longer than <see cref="MaxTextBytes"/>.</exception>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> text, string what) =>
        text.Length <= MaxTextBytes
            ? text
            : throw new InvalidDataException($"its {what} has {text.Length} bytes; expected at most {MaxTextBytes}.");
}
