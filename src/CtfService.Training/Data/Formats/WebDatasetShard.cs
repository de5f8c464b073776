using System.Text;
using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>Lists the samples of a tar file of a WebDataset. Reads headers and labels, not images.</summary>
internal static class WebDatasetShard
{
    private const string ClassEnding = "cls";
    private const string JsonEnding = "json";
    private const int MaxClassBytes = 4096;
    private const int MaxJsonBytes = 1 << 20;

    private static readonly HashSet<string> ImageEndings = ["png", "jpg", "jpeg", "webp", "gif", "bmp"];

    /// <summary>Returns true for a name that a sample's image may have.</summary>
    public static bool IsImage(string name) => ImageEndings.Contains(Split(name).Ending);

    /// <summary>Returns true for a name that a sample's class may have.</summary>
    public static bool IsClass(string name) => Split(name).Ending == ClassEnding;

    /// <summary>Lists the images in the order of the file, with the numbers of their labels.</summary>
    /// <param name="isListed">Whether class names are listed elsewhere; if not, the names beside the ids are read.</param>
    /// <exception cref="DatasetException">The file is not a tar file, is compressed, or is truncated.</exception>
    public static FileIndex List(string path, LabelTable labels, SkipCounter skipped, bool isListed)
    {
        using var shard = new TarTree(path);
        var place = Path.GetFileName(path);
        shard.Replaced.ForEach(name => skipped.Add($"{place}/{name}", SkipReasons.Replaced));
        var index = new FileIndex();
        foreach (var sample in Members(shard.Root, $"{place}/", skipped).GroupBy(member => Split(member.Name).Key))
        {
            var images = sample.Where(member => IsImage(member.Name)).ToList();
            if (images.Count == 0)
            {
                skipped.Add(sample.Key, SkipReasons.NoImage);
                continue;
            }

            images.Skip(1).ToList().ForEach(image => skipped.Add(image.Name, SkipReasons.SecondImage));
            var (name, file) = images[0];
            var label = Label(sample.ToLookup(member => Split(member.Name).Ending, member => member.File), isListed);
            index.Add(name[..^file.Name.Length], file, labels.NumberOf(label));
        }

        return index;
    }

    private static IEnumerable<(string Name, TreeFile File)> Members(TreeFolder folder, string prefix, SkipCounter skipped)
    {
        foreach (var node in folder.Children())
        {
            var name = prefix + node.Name;
            switch (node)
            {
                case { } when SystemNames.Contains(node.Name):
                    skipped.Add(name, SkipReasons.System);
                    break;
                case TreeFolder inner:
                    foreach (var member in inner.IsLink ? [] : Members(inner, $"{name}/", skipped))
                    {
                        yield return member;
                    }

                    break;
                case TreeFile file:
                    yield return (name, file);
                    break;
                case TreeProblem problem:
                    skipped.Add(name, problem.Reason);
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
