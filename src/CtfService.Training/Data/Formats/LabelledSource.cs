using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>What formats with a label beside each image share: the classes, and images that lack a label.</summary>
/// <param name="names">Class names that the user lists; null to use those of the set.</param>
internal abstract class LabelledSource(string path, SkipCounter skipped, ClassNameList? names) : IImageSource
{
    private ClassLabels? _classes;

    public abstract IReadOnlyList<StoredFile> Files { get; }

    public abstract int Count { get; }

    public IReadOnlyList<string> ClassNames => Labels.Names;

    public string HowToRemoveAClass => "remove its images";

    protected SkipCounter Skipped => skipped;

    /// <summary>The classes of all labels.</summary>
    public ClassLabels Labels
    {
        get
        {
            RequireRead();
            return _classes ?? throw new InvalidOperationException("The labels have not been read.");
        }
    }

    public abstract IEnumerable<StoredImage> Images(int maxPixels);

    public abstract void Dispose();

    /// <summary>Returns files by their paths, and the file that lists the class names if there is one.</summary>
    protected static IReadOnlyList<StoredFile> WithClassNames(IEnumerable<string> paths, string folder) =>
        [.. paths.Concat(ClassNamesFile.PathsIn(folder)).Select(path => new StoredFile(Path.GetFileName(path), DiskTree.OpenFile(path)))];

    /// <summary>Returns the class names that the user or a file in the folder lists; null if there is no list.</summary>
    protected ClassNameList? Listed(string folder) => names ?? ClassNamesFile.Find(folder);

    /// <summary>Reads the labels if a derived class has not read them before.</summary>
    protected virtual void RequireRead()
    {
    }

    /// <summary>Collects the classes; a derived class calls it when it has read all labels.</summary>
    protected void UseLabels(IEnumerable<ImageLabel?> labels, ClassNameList? listed, IReadOnlyList<string>? namesOfIds) =>
        _classes = ClassLabels.Of(path, labels, listed, namesOfIds);

    /// <summary>Returns false, and counts the image, if it has no label although others have one.</summary>
    protected bool IsUsed(string name, ImageLabel? label)
    {
        if (label is not null || Labels.Names.Count == 0)
        {
            return true;
        }

        skipped.Add(name, SkipReasons.NoLabel);
        return false;
    }

    protected string? ClassOf(ImageLabel? label) => label is null ? null : Labels.NameOf(label);
}
