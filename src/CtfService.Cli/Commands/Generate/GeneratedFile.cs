using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Generate;

/// <summary>An image file with its provenance.</summary>
/// <param name="Provenance">Null if the file has none.</param>
internal sealed record GeneratedFile(string Path, byte[] Bytes, ImageFormat Format, ImageProvenance? Provenance)
{
    /// <summary>The picture that an edit was made from, in the model's image size; null if it is unknown or the image is not an edit.</summary>
    public RgbImage? Original { get; init; }

    /// <summary>Bytes to read: more than the longest signature.</summary>
    private const int SignatureBytes = 16;

    /// <summary>Returns true if the first bytes are those of a PNG, JPEG or WebP image.</summary>
    public static bool IsImage(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[SignatureBytes];
        return ImageFile.Recognize(start[..file.ReadAtLeast(start, SignatureBytes, throwOnEndOfStream: false)]) is not null;
    }

    /// <exception cref="InvalidDataException">The file is damaged, or not a PNG, JPEG or WebP image; the message names it.</exception>
    public static GeneratedFile Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        try
        {
            var provenance = ImageFile.FindProvenance(bytes);
            return new GeneratedFile(path, bytes, ImageFile.Recognize(bytes)!.Value, provenance);
        }
        catch (InvalidDataException error)
        {
            throw new InvalidDataException($"{path}: {error.Message}", error);
        }
    }
}
