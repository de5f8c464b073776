namespace CtfService.Training.Data.Labels;

/// <summary>The class names that a file lists; the position is the class id.</summary>
/// <param name="Path">The file, for error messages.</param>
/// <param name="Names">Class names.</param>
/// <param name="Keys">
/// What stands for each class in a data set, such as a folder name or a WordNet id (n01440764); null if that is the name itself.
/// </param>
internal sealed record ClassNameList(string Path, IReadOnlyList<string> Names, IReadOnlyList<string>? Keys)
{
    private readonly Dictionary<string, int> _byKey = (Keys ?? Names).Index().DistinctBy(entry => entry.Item, StringComparer.Ordinal)
        .ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);

    /// <summary>Returns the class name for a folder name or another text that stands for a class.</summary>
    /// <returns>Null if the list does not have it.</returns>
    public string? Find(string key) => _byKey.TryGetValue(key, out var id) ? Names[id] : null;

    /// <summary>Returns the class name for a folder of a data set.</summary>
    /// <exception cref="DatasetException">The list does not have the folder.</exception>
    public string NameOfFolder(string dataset, string folder) => Find(folder) ?? throw new DatasetException(
        $"'{dataset}' has the class folder '{folder}', which '{Path}' does not list; it lists {NameList.Of([.. Keys ?? Names])}. "
        + "Add a line for the folder, such as 'n01440764 tench', or rename or remove the folder.");

    /// <summary>Returns the class names of the folders of a data set in the order of the list.</summary>
    /// <exception cref="DatasetException">The list does not have a folder.</exception>
    public IReadOnlyList<string> NamesOfFolders(string dataset, IEnumerable<string> folders)
    {
        var present = folders.Select(folder => NameOfFolder(dataset, folder)).ToHashSet(StringComparer.Ordinal);
        return [.. Names.Where(present.Contains)];
    }
}
