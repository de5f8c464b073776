using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;

namespace CtfService.Cli.Commands.Generate;

/// <summary>A file that is going to be drawn.</summary>
internal sealed record PlannedImage(string Path, ImageProvenance Provenance, ImageFormat Format, int Quality)
{
    /// <summary>What the file will say of itself.</summary>
    public ImageProvenance Stated => Provenance with { Quality = Format == ImageFormat.Png ? null : Quality };

    /// <summary>The file.</summary>
    public byte[] Encode(RgbImage image) => ImageFile.Encode(image, Provenance, Format, Quality);
}

/// <summary>Writes images, and replaces other files only if told to. Drawing the same image again is no replacement.</summary>
/// <param name="overwrite">Whether files that hold something else are replaced.</param>
internal sealed class ImageOutput(bool overwrite)
{
    /// <exception cref="IOException">A file is there and holds something else; nothing was drawn yet.</exception>
    public void RequireFree(IReadOnlyList<PlannedImage> planned)
    {
        List<PlannedImage> taken = overwrite ? [] : [.. planned.Where(image => File.Exists(image.Path) && ProvenanceOf(image.Path) != image.Stated)];
        if (taken.Count > 0)
        {
            throw Taken(taken[0].Path, taken.Count);
        }
    }

    /// <exception cref="IOException">The file is there and holds something else.</exception>
    public void Write(PlannedImage planned, RgbImage image)
    {
        var bytes = planned.Encode(image);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(planned.Path))!);
        if (!File.Exists(planned.Path))
        {
            File.WriteAllBytes(planned.Path, bytes);
        }
        else if (overwrite)
        {
            AtomicFile.WriteBytes(planned.Path, bytes);
        }
        else if (!File.ReadAllBytes(planned.Path).AsSpan().SequenceEqual(bytes))
        {
            throw Taken(planned.Path, count: 1);
        }
    }

    private static IOException Taken(string path, int count) => new(
        $"{path}: is there already and holds something else{(count > 1 ? $", as {count - 1} more files do" : "")}. "
            + "Name another folder or file, or replace with --overwrite.");

    /// <summary>Null if the file is not an image of this program.</summary>
    private static ImageProvenance? ProvenanceOf(string path)
    {
        try
        {
            return ImageFile.FindProvenance(File.ReadAllBytes(path));
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
