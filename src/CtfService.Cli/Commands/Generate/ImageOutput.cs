using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.Model.Storage;

namespace CtfService.Cli.Commands.Generate;

/// <summary>An image file to be written.</summary>
internal sealed record PlannedImage(string Path, ImageProvenance Provenance, ImageFormat Format, int Quality)
{
    /// <summary>The provenance in the file.</summary>
    public ImageProvenance Stated => Provenance with { Quality = Format == ImageFormat.Png ? null : Quality };

    /// <summary>Returns the bytes of the file.</summary>
    public byte[] Encode(RgbImage image) => ImageFile.Encode(image, Provenance, Format, Quality);
}

/// <summary>Writes images, and replaces existing files only if allowed. Writing the same image again replaces nothing.</summary>
/// <param name="overwrite">True to replace files with other contents.</param>
/// <param name="inputs">Files that the images are made from, which are never replaced.</param>
internal sealed class ImageOutput(bool overwrite, IReadOnlyList<string> inputs)
{
    /// <exception cref="IOException">A file exists with other contents, or is an input; nothing has been generated yet.</exception>
    public void RequireFree(IReadOnlyList<PlannedImage> planned)
    {
        var read = inputs.Select(Path.GetFullPath).ToHashSet(StringComparer.Ordinal);
        if (planned.FirstOrDefault(image => read.Contains(Path.GetFullPath(image.Path))) is { } input)
        {
            throw new IOException($"{input.Path}: is read by this command and would be overwritten. Choose another folder or file.");
        }

        List<PlannedImage> taken = overwrite ? [] : [.. planned.Where(image => File.Exists(image.Path) && ProvenanceOf(image.Path) != image.Stated)];
        if (taken.Count > 0)
        {
            throw Taken(taken[0].Path, taken.Count);
        }
    }

    /// <exception cref="IOException">The file exists with other contents.</exception>
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
        $"{path}: already exists with other contents{(count > 1 ? $", and so do {count - 1} more files" : "")}. "
            + "Choose another folder or file, or add --overwrite to replace it.");

    /// <summary>Returns null if the file is not an image with provenance.</summary>
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
