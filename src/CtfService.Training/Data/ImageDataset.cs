namespace CtfService.Training.Data;

/// <summary>Images of one size with their classes, all in memory. Immutable: may be read from any thread.</summary>
public sealed record ImageDataset
{
    /// <exception cref="ArgumentException">The parts do not fit each other.</exception>
    public ImageDataset(int width, int height, IReadOnlyList<string> classNames, IReadOnlyList<LabelledImage> images)
    {
        var size = width * height * 3;
        if (images.FirstOrDefault(image => image.Pixels.Length != size || image.ClassId < 0 || image.ClassId >= classNames.Count) is { } invalid)
        {
            throw new ArgumentException(
                $"An image has {invalid.Pixels.Length} bytes and class {invalid.ClassId}; expected {size} bytes and a class below {classNames.Count}.", nameof(images));
        }

        Width = width;
        Height = height;
        ClassNames = classNames;
        Images = [.. images.Select(image => image.Pixels)];
        ClassIds = [.. images.Select(image => image.ClassId)];
    }

    /// <summary>Pixels.</summary>
    public int Width { get; }

    /// <summary>Pixels.</summary>
    public int Height { get; }

    /// <summary>The place in this list is the class id.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>8-bit R, G, B of each pixel in raster order, one array per image. Must not be written to.</summary>
    public IReadOnlyList<byte[]> Images { get; }

    /// <summary>One class id per image.</summary>
    public IReadOnlyList<int> ClassIds { get; }

    /// <summary>Name of the split; null if the data set has none, or was not read from files.</summary>
    public string? Split { get; init; }

    /// <summary>Files that were not read, by reason.</summary>
    public IReadOnlyList<SkippedFiles> Skipped { get; init; } = [];

    /// <summary>Classes whose images were left out because they are not in <see cref="ClassNames"/>.</summary>
    public IReadOnlyList<UnknownClass> UnknownClasses { get; init; } = [];

    /// <summary>Names of <see cref="ClassNames"/> without an image.</summary>
    public IReadOnlyList<string> MissingClasses
    {
        get
        {
            var present = ClassIds.ToHashSet();
            return [.. ClassNames.Where((_, id) => !present.Contains(id))];
        }
    }

    public int Count => Images.Count;

    /// <summary>The same images with the ids of another class table, such as the one a model was trained with.</summary>
    /// <exception cref="DatasetException">A class is not in the table.</exception>
    public ImageDataset WithClassNames(IReadOnlyList<string> classNames)
    {
        var ids = classNames.Select((name, id) => (name, id)).ToDictionary(entry => entry.name, entry => entry.id, StringComparer.Ordinal);
        if (ClassNames.FirstOrDefault(name => !ids.ContainsKey(name)) is { } unknown)
        {
            throw new DatasetException(
                $"Class folder '{unknown}' is not one of the {classNames.Count} known classes: {NameList.Of(classNames)}. Rename or remove it.");
        }

        var images = Images.Zip(ClassIds, (pixels, classId) => new LabelledImage(pixels, ids[ClassNames[classId]]));
        return new ImageDataset(Width, Height, classNames, [.. images]) { Split = Split, Skipped = Skipped, UnknownClasses = UnknownClasses };
    }
}

/// <param name="Pixels">8-bit R, G, B of each pixel in raster order.</param>
public sealed record LabelledImage(byte[] Pixels, int ClassId);

/// <summary>A class that the training set does not have.</summary>
public sealed record UnknownClass(string Name, int Images);
