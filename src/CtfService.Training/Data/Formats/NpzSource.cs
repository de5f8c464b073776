using CtfService.Core.Generation;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// Images in npz files, as in OpenAI's guided-diffusion: <c>arr_0</c> has the pixels, uint8 [N, H, W, 3], and <c>arr_1</c>, if it exists, the class ids. The
/// pixels are read as a stream.
/// </summary>
internal sealed class NpzSource : LabelledSource
{
    private const string PixelsName = "arr_0";
    private const string LabelsName = "arr_1";
    private const int Channels = 3;

    private readonly List<Part> _parts = [];

    /// <param name="path">The data set, for error messages.</param>
    /// <param name="files">npz files in the order of the set.</param>
    /// <param name="names">Class names that the user lists; null to use those of the set.</param>
    /// <param name="namesOfIds">Names for ids if the data set has none.</param>
    /// <exception cref="DatasetException">A file is damaged or has other arrays, or a label is not a class of the set.</exception>
    public NpzSource(string path, IReadOnlyList<string> files, SkipCounter skipped, ClassNameList? names, IReadOnlyList<string>? namesOfIds)
        : base(path, skipped, names)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(files[0]))!;
        Files = WithClassNames(files, folder);
        _parts.AddRange(files.Select(ReadLabels));
        Count = (int)Math.Min(int.MaxValue, _parts.Sum(part => (long)part.Labels.Count));
        UseLabels(_parts.SelectMany(part => part.Labels), Listed(folder), namesOfIds);
    }

    public override IReadOnlyList<StoredFile> Files { get; }

    public override int Count { get; }

    public override IEnumerable<StoredImage> Images(int maxPixels)
    {
        foreach (var part in _parts)
        {
            using var archive = new NpzArchive(part.Path);
            using var array = OpenPixels(part.Path, archive);
            var (height, width) = (array.Header.Shape[1], array.Header.Shape[2]);
            if (height * width > maxPixels)
            {
                throw new DatasetException(
                    $"'{part.Path}' has images of {width}x{height} pixels, {SkipReasons.TooManyPixels(maxPixels)}.");
            }

            var place = Path.GetFileName(part.Path);
            for (var i = 0; i < part.Labels.Count; i++)
            {
                var pixels = new byte[height * width * Channels];
                array.Read(pixels);
                var name = FormattableString.Invariant($"{place}[{i}]");
                if (IsUsed(name, part.Labels[i]))
                {
                    yield return new StoredImage(name, ClassOf(part.Labels[i]), () => new RgbImage((int)width, (int)height, pixels));
                }
            }
        }
    }

    public override void Dispose()
    {
    }

    private static Part ReadLabels(string path)
    {
        using var archive = new NpzArchive(path);
        using var pixels = OpenPixels(path, archive);
        var count = (int)pixels.Header.Shape[0];
        if (!archive.Names.Contains(LabelsName))
        {
            return new Part(path, new ImageLabel?[count]);
        }

        using var labels = archive.Open(LabelsName);
        return labels.Header.Shape is [_] or [_, 1] && labels.Header.Shape[0] == count
            ? new Part(path, [.. labels.ReadIntegers().Select(ImageLabel.Of)])
            : throw new DatasetException(
                $"'{path}' has {LabelsName} of shape {labels.Shape} for {count} images; expected one class id for each image, ({count},).");
    }

    private static NpzArray OpenPixels(string path, NpzArchive archive)
    {
        var array = archive.Open(PixelsName);
        var shape = array.Header.Shape;
        if (array.Header.Dtype is "|u1" or "<u1" or "=u1" && shape is [<= int.MaxValue, > 0, > 0, Channels])
        {
            return array;
        }

        array.Dispose();
        throw new DatasetException(
            $"'{path}' has {PixelsName} of dtype {array.Header.Dtype} and shape {array.Shape}; expected uint8 (|u1) images of shape (N, height, width, 3). "
            + (shape is [_, Channels, _, _] ? "Save array.transpose(0, 2, 3, 1)." : "Save RGB images of 0 to 255 with array.astype('uint8')."));
    }

    private sealed record Part(string Path, IReadOnlyList<ImageLabel?> Labels);
}
