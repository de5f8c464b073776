using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>Opens a data set whose images stay on disk. Decodes an image of each class, so that a class that cannot be read is found before the work.</summary>
internal static class StoredDataset
{
    /// <exception cref="DatasetException">A class has no readable image.</exception>
    public static ImageDataset Open(
        IIndexedSource source, FoundClasses classes, SkipCounter skipped, DatasetRequest request, CancellationToken cancellation)
    {
        var isLabelled = source.ClassNames.Count > 0;
        string[] names = isLabelled ? [.. classes.Names] : [ImageDataset.NoClass];
        var (indexes, classIds, counts) = Choose(source, isLabelled ? classes.Ids : null, skipped);
        var images = new StoredImages(source, indexes, classIds, request.ImageSize, request.MaxPixels);
        var readable = RemoveUnreadable(images, classIds, names, counts, cancellation);
        if (isLabelled)
        {
            classes.Require(counts);
        }
        else if (readable == 0)
        {
            throw new DatasetException($"There is no readable image.{skipped.Because()}");
        }

        string Identity() => DataFingerprint.Of(source.Files, names.Length, [], request.MaxPixels, CancellationToken.None);
        return new ImageDataset(request.ImageSize, names, images, classIds, new StoredState(Identity, skipped.ToList))
        {
            IsLabelled = isLabelled,
            Split = request.Split,
            UnknownClasses = isLabelled ? classes.Unknown(counts) : [],
            Skipped = skipped.Take(),
        };
    }

    /// <summary>Returns the images of known classes, and the number of images of each class.</summary>
    /// <param name="ids">Class ids by name; null if the images have no labels.</param>
    private static (List<int> Indexes, List<int> ClassIds, Dictionary<string, int> Counts) Choose(
        IIndexedSource source, Dictionary<string, int>? ids, SkipCounter skipped)
    {
        var (indexes, classIds) = (new List<int>(source.Count), new List<int>(source.Count));
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var index = 0; index < source.Count; index++)
        {
            if (ids is null)
            {
                indexes.Add(index);
                classIds.Add(0);
            }
            else if (source.ClassOf(index) is not { } name)
            {
                skipped.Add(source.Image(index, maxPixels: 1).Name, SkipReasons.NoLabel);
            }
            else
            {
                counts[name] = counts.GetValueOrDefault(name) + 1;
                if (ids.TryGetValue(name, out var id))
                {
                    indexes.Add(index);
                    classIds.Add(id);
                }
            }
        }

        return (indexes, classIds, counts);
    }

    /// <summary>Removes the classes from the counts that have no readable image; returns the number of the others.</summary>
    private static int RemoveUnreadable(
        StoredImages images, List<int> classIds, string[] names, Dictionary<string, int> counts, CancellationToken cancellation)
    {
        int[] firsts = [.. Enumerable.Range(0, classIds.Count).DistinctBy(index => classIds[index])];
        var isReadable = new bool[firsts.Length];
        ReadingThreads.ForEach(firsts.Length, place => isReadable[place] = images.IsReadable(firsts[place]), cancellation: cancellation);
        foreach (var place in Enumerable.Range(0, firsts.Length).Where(place => !isReadable[place]))
        {
            counts.Remove(names[classIds[firsts[place]]]);
        }

        return isReadable.Count(readable => readable);
    }
}
