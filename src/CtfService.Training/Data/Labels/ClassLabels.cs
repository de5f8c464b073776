namespace CtfService.Training.Data.Labels;

/// <summary>The classes of a data set whose images have ids, names or both.</summary>
internal sealed class ClassLabels
{
    private readonly Dictionary<long, string> _byId;

    private ClassLabels(IReadOnlyList<string> names, Dictionary<long, string> byId) => (Names, _byId) = (names, byId);

    /// <summary>Names of the classes that have images, in the order of their ids; empty if no image has a label.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Collects the classes.</summary>
    /// <param name="path">The data set, for error messages.</param>
    /// <param name="labels">The labels of the images; null for an image without a label.</param>
    /// <param name="listed">Names that the data set lists, by id; null if it lists none.</param>
    /// <param name="namesOfIds">Names for ids if the data set has no names at all; null to use the ids as names.</param>
    /// <exception cref="DatasetException">A label is not in the list, or an id has two names.</exception>
    public static ClassLabels Of(
        string path, IEnumerable<ImageLabel?> labels, IReadOnlyList<string>? listed, IReadOnlyList<string>? namesOfIds)
    {
        var distinct = labels.OfType<ImageLabel>().ToHashSet();
        if (distinct.Count == 0)
        {
            return new ClassLabels([], []);
        }

        if ((listed ?? (distinct.All(label => label.Name is null) ? namesOfIds : null)) is { } names)
        {
            return Listed(path, distinct, names);
        }

        return distinct.All(label => label.Id is null)
            ? new ClassLabels([.. distinct.Select(label => label.Name!).Order(StringComparer.Ordinal)], [])
            : Unlisted(path, distinct);
    }

    /// <summary>Returns the class name of a label that was passed to <see cref="Of"/>.</summary>
    public string NameOf(ImageLabel label) => label.Id is { } id ? _byId[id] : label.Name!;

    private static ClassLabels Listed(string path, HashSet<ImageLabel> labels, IReadOnlyList<string> names)
    {
        var known = Distinct(path, names).ToHashSet(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            if (label.Id is { } id && (id < 0 || id >= names.Count))
            {
                throw new DatasetException(
                    $"'{path}' has an image with the class id {id}; expected 0 to {names.Count - 1}, the ids of {NameList.Of(names)}. "
                    + "Correct the label or the list of class names.");
            }

            var other = label.Id is { } place ? names[(int)place] : null;
            if (label.Name is { } name && (other is null ? !known.Contains(name) : other != name))
            {
                throw new DatasetException(
                    other is null
                        ? $"'{path}' has an image of the class '{name}', which is not one of its {names.Count} class names: {NameList.Of(names)}."
                        : $"'{path}' has an image with the class id {label.Id} and the name '{name}'; its list of class names has '{other}' for this id.");
            }
        }

        var byId = names.Index().ToDictionary(entry => (long)entry.Index, entry => entry.Item);
        var used = labels.Select(label => label.Id is { } id ? byId[id] : label.Name!).ToHashSet(StringComparer.Ordinal);
        return new ClassLabels([.. names.Where(used.Contains)], byId); // a data set may list all classes of a model and have some
    }

    /// <summary>Takes the names of ids from images that have both, or the ids themselves if no image has a name.</summary>
    private static ClassLabels Unlisted(string path, HashSet<ImageLabel> labels)
    {
        var byId = new Dictionary<long, string>();
        foreach (var label in labels.Where(label => label.Id is not null && label.Name is not null))
        {
            if (!byId.TryAdd(label.Id!.Value, label.Name!) && byId[label.Id.Value] != label.Name)
            {
                throw new DatasetException($"'{path}' has images with the class id {label.Id} and the names '{byId[label.Id.Value]}' and '{label.Name}'.");
            }
        }

        var hasNames = labels.Any(label => label.Name is not null);
        foreach (var label in labels.Where(label => label.Id is not null && label.Name is null))
        {
            if (hasNames && !byId.ContainsKey(label.Id!.Value))
            {
                throw new DatasetException(
                    $"'{path}' has an image with the class id {label.Id}, for which it has no name. Add a classes.json that lists the class names.");
            }

            byId.TryAdd(label.Id!.Value, label.ToString());
        }

        string[] names = [.. byId.OrderBy(entry => entry.Key).Select(entry => entry.Value)];
        var all = labels.Where(label => label.Id is null).Select(label => label.Name!).Except(names, StringComparer.Ordinal);
        return new ClassLabels(Distinct(path, [.. names, .. all.Order(StringComparer.Ordinal)]), byId);
    }

    private static IReadOnlyList<string> Distinct(string path, IReadOnlyList<string> names) =>
        names.CountBy(name => name, StringComparer.Ordinal).FirstOrDefault(name => name.Value > 1) is { Key: { } twice }
            ? throw new DatasetException($"'{path}' has two classes with the name '{twice}'. Give each class its own name.")
            : names;
}
