using System.Formats.Tar;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Training.Data;

namespace CtfService.Training.Tests.Data;

/// <summary>A folder for the image files of a test, deleted after it.</summary>
internal sealed class TemporaryImages : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("ctf-images").FullName;

    public static RgbImage Plain(int width, int height, byte red, byte green, byte blue) =>
        new(width, height, [.. Enumerable.Range(0, width * height).SelectMany(_ => new[] { red, green, blue })]);

    /// <summary>A data set in memory: class c has <paramref name="counts"/>[c] images, all bytes of image i have the value i.</summary>
    public static ImageDataset Dataset(int size, params int[] counts)
    {
        var classIds = counts.SelectMany((count, classId) => Enumerable.Repeat(classId, count)).ToList();
        var images = classIds.Select((classId, image) => new LabelledImage(Plain(size, size, (byte)image, (byte)image, (byte)image).Pixels, classId));
        return new ImageDataset(size, size, [.. counts.Select((_, classId) => $"class{classId}")], [.. images]);
    }

    public TemporaryImages Add(string name, RgbImage image) => Add(name, ImageCodec.Encode(image, ImageFormat.Png));

    public TemporaryImages Add(string name, byte[] file)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, file);
        return this;
    }

    /// <summary>Writes all files of the folder, hidden ones included, to a tar file next to it.</summary>
    public string Tar()
    {
        var path = Root + ".tar";
        using var writer = new TarWriter(File.Create(path));
        foreach (var file in Directory.EnumerateFiles(Root, "*", new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = true }))
        {
            writer.WriteEntry(file, Path.GetRelativePath(Root, file).Replace(Path.DirectorySeparatorChar, '/'));
        }

        return path;
    }

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        File.Delete(Root + ".tar");
    }
}
