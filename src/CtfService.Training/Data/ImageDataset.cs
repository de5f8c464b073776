namespace CtfService.Training.Data;

/// <summary>Images of one size with their classes, all in memory. Immutable, so thread-safe.</summary>
public sealed record ImageDataset
{
    /// <exception cref="ArgumentException">An image has a wrong length or an unknown class.</exception>
    public ImageDataset(int width, int height, IReadOnlyList<string> classNames, IReadOnlyList<LabelledImage> images)
    {
        var size = width * height * 3;
        if (images.FirstOrDefault(image => image.Pixels.Length != size || image.ClassId < 0 || image.ClassId >= classNames.Count) is { } invalid)
        {
            throw new ArgumentException(
                $"An image has {invalid.Pixels.Length} bytes and class {invalid.ClassId}; expected {size} bytes and a class below {classNames.Count}.",
                nameof(images));
        }

        Width = width;
        Height = height;
        ClassNames = classNames;
        Images = [.. images.Select(image => image.Pixels)];
        ClassIds = [.. images.Select(image => image.ClassId)];
    }

    /// <summary>Creates a data set without labels, whose images all belong to one class without a meaning.</summary>
    public static ImageDataset Unlabelled(int width, int height, IReadOnlyList<byte[]> images) =>
        new(width, height, ["unlabelled"], [.. images.Select(pixels => new LabelledImage(pixels, 0))]) { IsLabelled = false };

    /// <summary>Whether the images have labels; if not, <see cref="ClassNames"/> has one class without a meaning.</summary>
    public bool IsLabelled { get; private init; } = true;

    /// <summary>Width of every image, pixels.</summary>
    public int Width { get; }

    /// <summary>Height of every image, pixels.</summary>
    public int Height { get; }

    /// <summary>Class names; the index is the class id.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>8-bit R, G, B of each pixel in raster order, one array per image. Do not modify.</summary>
    public IReadOnlyList<byte[]> Images { get; }

    /// <summary>Class id of each image.</summary>
    public IReadOnlyList<int> ClassIds { get; }

    /// <summary>Name of the split; null if the data set has no splits or was not read from files.</summary>
    public string? Split { get; init; }

    /// <summary>Skipped files by reason.</summary>
    public IReadOnlyList<SkippedFiles> Skipped { get; init; } = [];

    /// <summary>Classes whose images were skipped because they are not in <see cref="ClassNames"/>.</summary>
    public IReadOnlyList<UnknownClass> UnknownClasses { get; init; } = [];

    /// <summary>Classes without an image.</summary>
    public IReadOnlyList<string> MissingClasses
    {
        get
        {
            var present = ClassIds.ToHashSet();
            return [.. ClassNames.Where((_, id) => !present.Contains(id))];
        }
    }

    public int Count => Images.Count;

    /// <summary>Returns the same images with the class ids of another list of classes, such as that of a trained model.</summary>
    /// <exception cref="DatasetException">A class is not in the list, or the images have no labels.</exception>
    public ImageDataset WithClassNames(IReadOnlyList<string> classNames)
    {
        var ids = classNames.Select((name, id) => (name, id)).ToDictionary(entry => entry.name, entry => entry.id, StringComparer.Ordinal);
        if (ClassNames.FirstOrDefault(name => !ids.ContainsKey(name)) is { } unknown)
        {
            throw new DatasetException(
                $"Class '{unknown}' is not one of the {classNames.Count} known classes: {NameList.Of(classNames)}. Rename or remove the class.");
        }

        var images = Images.Zip(ClassIds, (pixels, classId) => new LabelledImage(pixels, ids[ClassNames[classId]]));
        return new ImageDataset(Width, Height, classNames, [.. images]) { Split = Split, Skipped = Skipped, UnknownClasses = UnknownClasses };
    }
}

/// <param name="Pixels">8-bit R, G, B of each pixel in raster order.</param>
public sealed record LabelledImage(byte[] Pixels, int ClassId);

/// <summary>A class that the training split does not have.</summary>
public sealed record UnknownClass(string Name, int Images);
