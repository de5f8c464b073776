using System.Text;
using System.Text.Json;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// A folder of images with a <c>metadata.jsonl</c> that has a line for each image, as Hugging Face's ImageFolder reads it: <c>file_name</c>, a path relative to
/// the folder, and a field with the class.
/// </summary>
internal sealed class MetadataFolderSource : LabelledSource, IIndexedSource
{
    public const string FileName = "metadata.jsonl";

    private const string PathField = "file_name";

    private readonly List<(string Name, TreeFile File, ImageLabel? Label)> _images = [];

    /// <param name="path">The data set, for error messages.</param>
    /// <param name="folder">Folder with the images and metadata.jsonl.</param>
    /// <param name="prefix">Start of the names of images in reports, such as <c>train/</c>.</param>
    /// <param name="names">Class names that the user lists; null to use those of the set.</param>
    /// <param name="namesOfIds">Names for ids if the data set has none.</param>
    /// <exception cref="DatasetException">metadata.jsonl is damaged, or a label is not a class of the set.</exception>
    public MetadataFolderSource(string path, string folder, string prefix, SkipCounter skipped, ClassNameList? names, IReadOnlyList<string>? namesOfIds)
        : base(path, skipped, names)
    {
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (line, number) in File.ReadLines(Path.Combine(folder, FileName)).Select((line, index) => (line, index + 1)))
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                Add(folder, prefix, Parse(Path.Combine(folder, FileName), number, line), listed);
            }
        }

        CountOthers(folder, prefix, listed);
        Files = [.. WithClassNames([Path.Combine(folder, FileName)], folder), .. _images.Select(image => new StoredFile(image.Name, image.File))];
        UseLabels(_images.Select(image => image.Label), Listed(folder), namesOfIds);
    }

    public override IReadOnlyList<StoredFile> Files { get; }

    public override int Count => _images.Count;

    /// <summary>Returns whether metadata.jsonl of the folder, judged by its first line, has classes; without them, folders are the classes.</summary>
    public static bool HasLabels(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.ReadLines(path).FirstOrDefault(line => !string.IsNullOrWhiteSpace(line)) is { } line
            && LabelFields.OfText(Encoding.UTF8.GetBytes(line)) is not null;
    }

    public override IEnumerable<StoredImage> Images(int maxPixels) =>
        Enumerable.Range(0, Count).Where(index => IsUsed(_images[index].Name, _images[index].Label)).Select(index => Image(index, maxPixels));

    public string? ClassOf(int index) => ClassOf(_images[index].Label);

    public StoredImage Image(int index, int maxPixels)
    {
        var (name, file, label) = _images[index];
        return new StoredImage(name, ClassOf(label), () => EntryReader.Read(name, file, Skipped, maxPixels));
    }

    public override void Dispose()
    {
    }

    private void Add(string folder, string prefix, (string Path, ImageLabel? Label) line, HashSet<string> listed)
    {
        var name = prefix + line.Path;
        var path = Path.GetFullPath(line.Path, Path.GetFullPath(folder));
        var inside = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
        if (inside.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(line.Path))
        {
            Skipped.Add(name, SkipReasons.OutsideFolder);
        }
        else if (!File.Exists(path))
        {
            Skipped.Add(name, SkipReasons.ListedOnly);
        }
        else if (!listed.Add(inside))
        {
            Skipped.Add(name, SkipReasons.ListedTwice);
        }
        else
        {
            _images.Add((name, DiskTree.OpenFile(path), line.Label));
        }
    }

    /// <summary>Counts files that no line names, except JSON beside metadata.jsonl, which describes the set.</summary>
    private void CountOthers(string folder, string prefix, HashSet<string> listed)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
            if (!listed.Contains(name) && !(Path.GetExtension(name) is ".json" or ".jsonl" && !name.Contains('/', StringComparison.Ordinal)))
            {
                Skipped.Add(prefix + name, name.Split('/').Any(SystemNames.Contains) ? SkipReasons.System : SkipReasons.NotListed);
            }
        }
    }

    private static (string Path, ImageLabel? Label) Parse(string path, int number, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var json = document.RootElement;
            if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty(PathField, out var name)
                && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal))
            {
                return (text, LabelFields.Of(json));
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new DatasetException($"'{path}', line {number}, is not JSON: {exception.Message}", exception);
        }

        throw new DatasetException($"'{path}', line {number}, has no '{PathField}'; expected the path of an image in its folder.");
    }
}
