using CtfService.Model.Imaging;

namespace CtfService.Cli.Commands.Generate;

/// <summary>A picture that the user names, as the bytes of its file.</summary>
/// <param name="option">Option that names it, for messages.</param>
internal sealed class PictureFile(string option, string path, byte[] bytes)
{
    /// <summary>Larger files are not read; a photograph has 30 MB at most.</summary>
    private const int MaxBytes = 1 << 28;

    /// <summary>Reads the file, and checks the size of the picture before it is decoded.</summary>
    /// <param name="maxPixels">Width times height of the largest picture.</param>
    /// <exception cref="InvalidDataException">The file does not exist, is not a picture, or is too large.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PictureFile Read(string option, string path, int maxPixels)
    {
        if (Directory.Exists(path) || !File.Exists(path))
        {
            throw new InvalidDataException(
                $"{option} is '{path}', which {(Directory.Exists(path) ? "is a folder" : "does not exist")}. Name a PNG, JPEG or WebP file.");
        }

        var picture = new PictureFile(option, path, ReadBytes(option, path));
        picture.RequireSize(maxPixels);
        return picture;
    }

    public string Path { get; } = path;

    public Stream Open() => new MemoryStream(bytes, writable: false);

    /// <summary>Returns an error that names this file.</summary>
    public InvalidDataException Error(Exception cause) => new($"{option} is '{Path}': {cause.Message}", cause);

    /// <summary>Reads until the end or the limit: a device or a pipe has no length.</summary>
    private static byte[] ReadBytes(string option, string path)
    {
        using var file = File.OpenRead(path);
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int count; (count = file.Read(buffer)) > 0;)
        {
            content.Write(buffer, 0, count);
            if (content.Length > MaxBytes)
            {
                throw new InvalidDataException($"{option} is '{path}', which has more than {MaxBytes} bytes. Scale the picture down first.");
            }
        }

        return content.ToArray();
    }

    private void RequireSize(int maxPixels)
    {
        try
        {
            var (width, height) = ImageCodec.ReadHeader(Open());
            if ((long)width * height > maxPixels)
            {
                throw new InvalidDataException(
                    $"It has {width}x{height} pixels, {(long)width * height} in total; expected at most {maxPixels} (--max-pixels). "
                    + "Scale it down first, or raise the limit; it is scaled to the model's size anyway.");
            }
        }
        catch (InvalidDataException error)
        {
            throw Error(error);
        }
    }
}
