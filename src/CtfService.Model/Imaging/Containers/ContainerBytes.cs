namespace CtfService.Model.Imaging.Containers;

/// <summary>Reads parts of a file whose declared lengths are not trusted.</summary>
internal static class ContainerBytes
{
    /// <summary>The longest text that is read, in bytes; ours are shorter than 2,000, or 40,000 with a mask.</summary>
    public const int MaxTextBytes = 1 << 20;

    /// <summary>Returns a part of a container.</summary>
    /// <param name="what">The name of the part for the message.</param>
    /// <exception cref="InvalidDataException">The part extends past the end of the file.</exception>
    public static ReadOnlySpan<byte> Piece(ReadOnlySpan<byte> file, long start, long length, string what) =>
        start + length <= file.Length
            ? file.Slice((int)start, (int)length)
            : throw new InvalidDataException(
                $"it is damaged or truncated: {what} at byte {start} takes {length} bytes, but only {Math.Max(0, file.Length - start)} remain.");

    /// <exception cref="InvalidDataException">The text is longer than <see cref="MaxTextBytes"/>.</exception>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> text, string what) =>
        text.Length <= MaxTextBytes
            ? text
            : throw new InvalidDataException($"its {what} has {text.Length} bytes; expected at most {MaxTextBytes}.");
}
