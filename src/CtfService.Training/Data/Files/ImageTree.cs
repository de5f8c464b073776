namespace CtfService.Training.Data.Files;

/// <summary>A file of a data set that may be an image.</summary>
/// <param name="Folder">Folder of the file inside the data set, with forward slashes, such as <c>train/apple/</c>.</param>
internal sealed record ImageEntry(string Folder, string ClassName, TreeFile File);

/// <summary>Finds classes and files in a folder or a tar file, by the same rules. The classes are complete after the last entry has been read.</summary>
/// <param name="skipped">Counts the files that are skipped; null to count nothing.</param>
internal sealed class ImageTree(string path, string? split, SkipCounter? skipped = null) : IDisposable
{
    private const string Layout = "Expected <class>/<image>, or <split>/<class>/<image> with the name of a split, "
        + "or a WebDataset, Parquet or npz files, or images listed in metadata.jsonl.";

    /// <summary>Character that a decoder substitutes for bytes that are not UTF-8.</summary>
    private const char Replacement = '\uFFFD';

    private static readonly string[] SplitNames = ["train", "test", "val", "valid", "validation"];

    private readonly SortedSet<string> _topFolders = new(StringComparer.Ordinal);
    private readonly SkipCounter _skipped = skipped ?? new SkipCounter();
    private TarTree? _tar;

    /// <summary>Class names in ordinal order, in Unicode's composed form.</summary>
    public SortedSet<string> ClassNames { get; } = new(StringComparer.Ordinal);

    public void Dispose() => _tar?.Dispose();

    /// <summary>Returns the files of all classes.</summary>
    /// <exception cref="DatasetException">The path does not exist, or it is not a tar file.</exception>
    public IEnumerable<ImageEntry> Entries()
    {
        foreach (var (folder, name, className, parent) in ClassFolders())
        {
            foreach (var (place, file) in Files(folder, name, parent, new HashSet<string>(StringComparer.Ordinal)))
            {
                yield return new ImageEntry(place, className, file);
            }
        }
    }

    /// <summary>Reads the class names without the files of the classes.</summary>
    /// <inheritdoc cref="Entries" path="/exception"/>
    public void ReadClassNames()
    {
        foreach (var _ in ClassFolders())
        {
            // adds to ClassNames
        }
    }

    private IEnumerable<ClassFolder> ClassFolders()
    {
        var root = Open();
        var folders = root.Children().OfType<TreeFolder>().Where(folder => !SystemNames.Contains(folder.Name)).ToList();
        _topFolders.UnionWith(folders.Select(folder => folder.Name));
        return split is null ? Classes(root, "")
            : folders.Find(folder => folder.Name == split) is { } chosen ? Classes(chosen, $"{split}/")
            : [];
    }

    /// <summary>Throws if no usable class was found. Call after the last entry has been read.</summary>
    /// <exception cref="DatasetException">No class was found, or the class folders are splits.</exception>
    public void RequireUsable()
    {
        var found = _topFolders.Count == 0 ? "no folders" : $"the folders {string.Join(", ", _topFolders.Take(5))}{(_topFolders.Count > 5 ? ", ..." : "")}";
        if (ClassNames.Count == 0)
        {
            var place = split is null ? "" : $" under '{split}/'";
            throw new DatasetException($"'{path}' has no class folders{place}; it has {found}. {Layout}");
        }

        if (split is null && ClassNames.IsSubsetOf(SplitNames))
        {
            throw new DatasetException(
                $"'{path}' is divided into splits; it has {found}. "
                + $"Images without splits are expected here: choose one of these folders, such as '{path}/{ClassNames.First()}'.");
        }
    }

    private TreeFolder Open()
    {
        if (Directory.Exists(path))
        {
            return DiskTree.Open(path);
        }

        if (!File.Exists(path))
        {
            throw new DatasetException($"There is no data set at '{path}'. Specify a folder of class folders, or a tar file of one.");
        }

        _tar = new TarTree(path);
        _tar.Replaced.ForEach(name => _skipped.Add(name, SkipReasons.Replaced));
        return _tar.Root;
    }

    private IEnumerable<ClassFolder> Classes(TreeFolder folder, string prefix)
    {
        foreach (var node in Ordered(folder, prefix))
        {
            if (node is not TreeFolder inner)
            {
                _skipped.Add(prefix + node.Name, (node as TreeProblem)?.Reason ?? SkipReasons.OutsideClasses);
                continue;
            }

            if (!IsUtf8(inner.Name))
            {
                throw new DatasetException(
                    $"The name of the class folder '{prefix}{inner.Name}' in '{path}' is not UTF-8. Rename it: folder names become class names.");
            }

            var className = ClassName.Composed(inner.Name);
            ClassNames.Add(className);
            yield return new ClassFolder(inner, prefix + inner.Name, className, folder.Place);
        }
    }

    /// <summary>Returns all files below a folder. A folder is read once per class, however many links lead to it, and never from inside itself.</summary>
    private IEnumerable<(string Folder, TreeFile File)> Files(TreeFolder folder, string name, string parent, HashSet<string> visited)
    {
        if (folder.IsLink && IsAtOrAbove(folder.Place, parent))
        {
            _skipped.Add(name, SkipReasons.LinkAbove);
            yield break;
        }

        if (!visited.Add(folder.Place))
        {
            _skipped.Add(name, SkipReasons.LinkAgain);
            yield break;
        }

        var prefix = $"{name}/";
        foreach (var node in Ordered(folder, prefix))
        {
            switch (node)
            {
                case { } when !IsUtf8(node.Name):
                    _skipped.Add(prefix + node.Name, SkipReasons.NameNotUtf8);
                    break;
                case TreeFile file:
                    yield return (prefix, file);
                    break;
                case TreeFolder child:
                    foreach (var found in Files(child, prefix + node.Name, folder.Place, visited))
                    {
                        yield return found;
                    }

                    break;
                case TreeProblem problem:
                    _skipped.Add(prefix + node.Name, problem.Reason);
                    break;
            }
        }
    }

    private static bool IsAtOrAbove(string place, string other) =>
        place.Length == 0 || other == place || other.StartsWith($"{place}/", StringComparison.Ordinal);

    /// <summary>Returns all nodes except system files, in ordinal order; links to folders come last, so that a folder is read at its real path.</summary>
    private List<TreeNode> Ordered(TreeFolder folder, string prefix)
    {
        List<TreeNode> nodes;
        try
        {
            nodes = [.. folder.Children()];
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException && prefix.Length > 0)
        {
            _skipped.Add(prefix.TrimEnd('/'), SkipReasons.NoPermission);
            return [];
        }

        foreach (var node in nodes.Where(node => SystemNames.Contains(node.Name)))
        {
            _skipped.Add(prefix + node.Name, SkipReasons.System);
        }

        return [.. nodes
            .Where(node => !SystemNames.Contains(node.Name))
            .OrderBy(node => node is TreeFolder { IsLink: true })
            .ThenBy(node => node.Name, StringComparer.Ordinal)];
    }

    private static bool IsUtf8(string name) => !name.Contains(Replacement);

    /// <param name="Name">Path inside the data set.</param>
    /// <param name="Parent">Real path of the folder around it.</param>
    private sealed record ClassFolder(TreeFolder Folder, string Name, string ClassName, string Parent);
}
