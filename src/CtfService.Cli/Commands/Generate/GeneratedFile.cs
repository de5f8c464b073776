using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Generate;

/// <summary>An image file and what it says of where it comes from.</summary>
/// <param name="Provenance">Null where it does not say.</param>
internal sealed record GeneratedFile(string Path, byte[] Bytes, ImageFormat Format, ImageProvenance? Provenance)
{
    /// <summary>More bytes than any signature takes.</summary>
    private const int SignatureBytes = 16;

    /// <summary>Looks at the first bytes only.</summary>
    public static bool IsImage(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[SignatureBytes];
        return ImageFile.Recognize(start[..file.ReadAtLeast(start, SignatureBytes, throwOnEndOfStream: false)]) is not null;
    }

    /// <exception cref="InvalidDataException">Not a PNG, JPEG or WebP image, or damaged; the message names the file.</exception>
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
