using System.Text;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>
/// A WebDataset (github.com/webdataset): tar files whose members are grouped into samples by their names up to the first dot, such as <c>000017.png</c>,
/// <c>000017.cls</c> and <c>000017.json</c>. The class is the id or name in <c>.cls</c>, or a field of <c>.json</c>.
/// </summary>
internal sealed class WebDatasetSource : LabelledSource
{
    private const string ClassEnding = "cls";
    private const string JsonEnding = "json";
    private const int MaxClassBytes = 4096;
    private const int MaxJsonBytes = 1 << 20;

    private static readonly HashSet<string> ImageEndings = ["png", "jpg", "jpeg", "webp", "gif", "bmp"];

    private readonly List<TarTree> _shards = [];
    private readonly List<(string Name, TreeFile File, ImageLabel? Label)> _images = [];

    /// <param name="path">The data set, for error messages.</param>
    /// <param name="shards">Tar files in the order of the set.</param>
    /// <param name="namesOfIds">Names for ids if the data set has none.</param>
    /// <exception cref="DatasetException">A shard is damaged, or a label is not a class of the set.</exception>
    public WebDatasetSource(string path, IReadOnlyList<string> shards, SkipCounter skipped, IReadOnlyList<string>? namesOfIds)
        : base(path, skipped)
    {
        try
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(shards[0]))!;
            Files = WithClassNames(shards, folder);
            var listed = ClassNamesFile.Find(folder);
            foreach (var shard in shards)
            {
                Read(shard, isListed: listed is not null);
            }

            UseLabels(_images.Select(image => image.Label), listed, namesOfIds);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override IReadOnlyList<StoredFile> Files { get; }

    public override int Count => _images.Count;

    /// <summary>Returns true for a name that a sample's image may have.</summary>
    public static bool IsImage(string name) => ImageEndings.Contains(Split(name).Ending);

    /// <summary>Returns true for a name that a sample's class may have.</summary>
    public static bool IsClass(string name) => Split(name).Ending == ClassEnding;

    public override IEnumerable<StoredImage> Images(int maxPixels)
    {
        foreach (var (name, file, label) in _images)
        {
            if (IsUsed(name, label))
            {
                yield return new StoredImage(name, ClassOf(label), () => EntryReader.Read(name, file, Skipped, maxPixels));
            }
        }
    }

    public override void Dispose() => _shards.ForEach(shard => shard.Dispose());

    private void Read(string path, bool isListed)
    {
        var shard = new TarTree(path);
        _shards.Add(shard);
        var place = Path.GetFileName(path);
        shard.Replaced.ForEach(name => Skipped.Add($"{place}/{name}", SkipReasons.Replaced));
        foreach (var sample in Members(shard.Root, $"{place}/").GroupBy(member => Split(member.Name).Key))
        {
            var images = sample.Where(member => IsImage(member.Name)).ToList();
            if (images.Count == 0)
            {
                Skipped.Add(sample.Key, SkipReasons.NoImage);
                continue;
            }

            images.Skip(1).ToList().ForEach(image => Skipped.Add(image.Name, SkipReasons.SecondImage));
            _images.Add((images[0].Name, images[0].File, Label(sample.ToLookup(member => Split(member.Name).Ending, member => member.File), isListed)));
        }
    }

    private IEnumerable<(string Name, TreeFile File)> Members(TreeFolder folder, string prefix)
    {
        foreach (var node in folder.Children())
        {
            var name = prefix + node.Name;
            switch (node)
            {
                case { } when SystemNames.Contains(node.Name):
                    Skipped.Add(name, SkipReasons.System);
                    break;
                case TreeFolder inner:
                    foreach (var member in inner.IsLink ? [] : Members(inner, $"{name}/"))
                    {
                        yield return member;
                    }

                    break;
                case TreeFile file:
                    yield return (name, file);
                    break;
                case TreeProblem problem:
                    Skipped.Add(name, problem.Reason);
                    break;
            }
        }
    }

    /// <summary>Returns the label of a sample. Its name is looked up only if the set lists no class names.</summary>
    private static ImageLabel? Label(ILookup<string, TreeFile> members, bool isListed)
    {
        var label = members[ClassEnding].FirstOrDefault() is { Length: <= MaxClassBytes } text
            ? ImageLabel.OfText(Encoding.UTF8.GetString(text.ReadAt(0, (int)text.Length)))
            : null;
        if ((label is null || (label.Name is null && !isListed)) && members[JsonEnding].FirstOrDefault() is { Length: <= MaxJsonBytes } json)
        {
            var described = LabelFields.OfText(json.ReadAt(0, (int)json.Length));
            return label is null ? described : label with { Name = described?.Name };
        }

        return label;
    }

    /// <summary>Splits a path at the first dot of its last part.</summary>
    private static (string Key, string Ending) Split(string name)
    {
        var dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
        return dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..].ToLowerInvariant());
    }
}
