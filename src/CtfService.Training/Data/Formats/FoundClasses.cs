using CtfService.Training.Data.Files;

namespace CtfService.Training.Data.Formats;

/// <summary>The classes of a split: its own, or those of the training split, which define the class ids of every split.</summary>
/// <param name="path">The data set, for error messages.</param>
/// <param name="ofTraining">Classes of the training split; empty if the split defines its own.</param>
internal sealed class FoundClasses(string path, string? split, IImageSource source, IReadOnlyList<string> ofTraining, SkipCounter skipped)
{
    /// <summary>Class names; the index is the class id.</summary>
    public IReadOnlyList<string> Names { get; } = ofTraining.Count > 0 ? ofTraining : source.ClassNames;

    /// <summary>Returns the ids of the classes by name.</summary>
    public Dictionary<string, int> Ids => Names.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);

    /// <summary>Throws if a class, or in a split with the classes of training every class, lacks readable images; returns the ids.</summary>
    /// <param name="counts">Number of readable images by class name.</param>
    /// <exception cref="DatasetException">Images are missing; the message says which.</exception>
    public Dictionary<string, int> Require(Dictionary<string, int> counts)
    {
        if (ofTraining.Count > 0)
        {
            return Names.Any(counts.ContainsKey) ? Ids : throw new DatasetException(
                $"'{path}', split '{split}', has no readable image of a class of '{ImageDatasetReader.TrainSplit}': {NameList.Of(Names)}. "
                + $"It has the classes {NameList.Of(source.ClassNames)}.{skipped.Because()}");
        }

        if (Names.Where(name => !counts.ContainsKey(name)).ToList() is not { Count: > 0 } empty)
        {
            return Ids;
        }

        var (which, verb) = empty.Count == 1 ? ("Class", "has") : ("Classes", "have");
        var place = split is null ? $"'{path}'" : $"'{path}', split '{split}',";
        var names = NameList.Of([.. empty.Select(name => $"'{name}'")]);
        throw new DatasetException($"{which} {names} of {place} {verb} no readable image. Add images or {source.HowToRemoveAClass}.{skipped.Because()}");
    }

    /// <summary>Returns the classes of the split that the training split does not have.</summary>
    public IReadOnlyList<UnknownClass> Unknown(Dictionary<string, int> counts)
    {
        var known = Names.ToHashSet(StringComparer.Ordinal);
        return [.. source.ClassNames.Where(name => !known.Contains(name) && (source is ClassFolderSource || counts.ContainsKey(name)))
            .Select(name => new UnknownClass(name, counts.GetValueOrDefault(name)))];
    }
}
