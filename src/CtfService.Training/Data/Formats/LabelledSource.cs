using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>What formats with a label beside each image share: the classes, and images that lack a label.</summary>
internal abstract class LabelledSource(string path, SkipCounter skipped) : IImageSource
{
    private ClassLabels? _classes;

    public abstract IReadOnlyList<StoredFile> Files { get; }

    public abstract int Count { get; }

    public IReadOnlyList<string> ClassNames => Classes.Names;

    public string HowToRemoveAClass => "remove its images";

    protected SkipCounter Skipped => skipped;

    private ClassLabels Classes => _classes ?? throw new InvalidOperationException("The labels have not been read.");

    public abstract IEnumerable<StoredImage> Images(int maxPixels);

    public abstract void Dispose();

    /// <summary>Returns files by their paths, and the file that lists the class names if there is one.</summary>
    protected static IReadOnlyList<StoredFile> WithClassNames(IEnumerable<string> paths, string folder) =>
        [.. paths.Concat(ClassNamesFile.PathsIn(folder)).Select(path => new StoredFile(Path.GetFileName(path), DiskTree.OpenFile(path)))];

    /// <summary>Collects the classes; a derived class calls it when it has read all labels.</summary>
    protected void UseLabels(IEnumerable<ImageLabel?> labels, IReadOnlyList<string>? listed, IReadOnlyList<string>? namesOfIds) =>
        _classes = ClassLabels.Of(path, labels, listed, namesOfIds);

    /// <summary>Returns false, and counts the image, if it has no label although others have one.</summary>
    protected bool IsUsed(string name, ImageLabel? label)
    {
        if (label is not null || Classes.Names.Count == 0)
        {
            return true;
        }

        skipped.Add(name, SkipReasons.NoLabel);
        return false;
    }

    protected string? ClassOf(ImageLabel? label) => label is null ? null : Classes.NameOf(label);
}
