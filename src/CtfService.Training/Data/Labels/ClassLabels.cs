namespace CtfService.Training.Data.Labels;

/// <summary>The classes of a data set whose images have ids, names or both.</summary>
internal sealed class ClassLabels
{
    private readonly Dictionary<long, string> _byId;
    private readonly ClassNameList? _listed;

    private ClassLabels(IReadOnlyList<string> names, Dictionary<long, string> byId, ClassNameList? listed = null) =>
        (Names, _byId, _listed) = (names, byId, listed);

    /// <summary>Names of the classes that have images, in the order of their ids; empty if no image has a label.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Collects the classes.</summary>
    /// <param name="path">The data set, for error messages.</param>
    /// <param name="labels">The labels of the images; null for an image without a label.</param>
    /// <param name="listed">Names that the data set or the user lists; null if there is no list.</param>
    /// <param name="namesOfIds">Names for ids if the data set has no names at all; null to use the ids as names.</param>
    /// <exception cref="DatasetException">A label is not in the list, or an id has two names.</exception>
    public static ClassLabels Of(
        string path, IEnumerable<ImageLabel?> labels, ClassNameList? listed, IReadOnlyList<string>? namesOfIds)
    {
        var distinct = labels.OfType<ImageLabel>().ToHashSet();
        if (distinct.Count == 0)
        {
            return new ClassLabels([], []);
        }

        listed ??= namesOfIds is not null && distinct.All(label => label.Name is null) ? new ClassNameList(path, namesOfIds, Keys: null) : null;
        if (listed is not null)
        {
            RequireListed(path, distinct, listed);
            var all = OfList(listed);
            var used = distinct.Select(label => all.NameOf(label)!).ToHashSet(StringComparer.Ordinal);
            return new ClassLabels([.. listed.Names.Where(used.Contains)], all._byId, listed); // a data set may list all classes of a model and have some
        }

        return distinct.All(label => label.Id is null)
            ? new ClassLabels([.. distinct.Select(label => label.Name!).Order(StringComparer.Ordinal)], [])
            : Unlisted(path, distinct);
    }

    /// <summary>Returns all classes of a list, whether or not they have images.</summary>
    public static ClassLabels OfList(ClassNameList listed) =>
        new(listed.Names, listed.Names.Index().ToDictionary(entry => (long)entry.Index, entry => entry.Item), listed);

    /// <summary>Returns the class name of a label; null if it was not passed to <see cref="Of"/> or is not in the list.</summary>
    public string? NameOf(ImageLabel label) => label.Id is { } id ? _byId.GetValueOrDefault(id)
        : _listed is { } listed ? listed.Find(label.Name!) ?? (listed.Names.Contains(label.Name!) ? label.Name : null)
        : label.Name;

    /// <summary>Throws if a label is not in a list of class names.</summary>
    /// <exception cref="DatasetException">A label is not in the list.</exception>
    public static void RequireListed(string path, IEnumerable<ImageLabel> labels, ClassNameList listed)
    {
        var names = Distinct(path, listed.Names);
        var known = names.ToHashSet(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            if (label.Id is { } id && (id < 0 || id >= names.Count))
            {
                throw new DatasetException(
                    $"'{path}' has an image with the class id {id}; expected 0 to {names.Count - 1}, the ids of {NameList.Of(names)}. "
                    + "Correct the label or the list of class names.");
            }

            var other = label.Id is { } place ? names[(int)place] : null;
            if (label.Name is { } text && (listed.Find(text) ?? text) is var name && (other is null ? !known.Contains(name) : other != name))
            {
                throw new DatasetException(
                    other is null
                        ? $"'{path}' has an image of the class '{name}', which is not one of its {names.Count} class names: {NameList.Of(names)}."
                        : $"'{path}' has an image with the class id {label.Id} and the name '{name}'; its list of class names has '{other}' for this id.");
            }
        }
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
