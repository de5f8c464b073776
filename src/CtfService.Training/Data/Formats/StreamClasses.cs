using CtfService.Training.Data.Files;
using CtfService.Training.Data.Labels;

namespace CtfService.Training.Data.Formats;

/// <summary>The classes of a WebDataset that is read as a stream.</summary>
/// <param name="Images">Number of images; an estimate if the classes are listed.</param>
/// <param name="IsListed">Whether a file lists the class names, so that the labels need not be read first.</param>
internal sealed record StreamClasses(IReadOnlyList<string> Names, ClassLabels Labels, int Images, bool IsListed)
{
    private readonly Dictionary<string, int> _ids = Names.Index().ToDictionary(entry => entry.Item, entry => entry.Index, StringComparer.Ordinal);

    /// <summary>Takes the classes from the list that the user names or that is beside the shards; if there is none, from the labels of all images.</summary>
    /// <exception cref="DatasetException">There are no labels, or one is not in the list.</exception>
    public static StreamClasses Of(string path, IReadOnlyList<string> shards, DatasetRequest request)
    {
        var listed = request.ReadClassNames() ?? ClassNamesFile.Find(Path.GetDirectoryName(Path.GetFullPath(shards[0]))!);
        return listed is null ? Read(path, shards, request) : Listed(path, shards, listed);
    }

    /// <summary>Returns the class id of a label; null if it is not one of the classes.</summary>
    public int? IdOf(ImageLabel label) => Labels.NameOf(label) is { } name && _ids.TryGetValue(name, out var id) ? id : null;

    private static StreamClasses Listed(string path, IReadOnlyList<string> shards, ClassNameList listed)
    {
        var labels = new LabelTable();
        var first = WebDatasetShard.List(shards[0], labels, new SkipCounter(), isListed: true);
        RequireLabels(shards[0], labels);
        ClassLabels.RequireListed(path, labels.Labels, listed);
        var share = (double)new FileInfo(shards[0]).Length / shards.Sum(shard => new FileInfo(shard).Length);
        var all = ClassLabels.OfList(listed);
        return new StreamClasses(all.Names, all, (int)Math.Min(int.MaxValue, Math.Round(first.Count / share)), IsListed: true);
    }

    private static StreamClasses Read(string path, IReadOnlyList<string> shards, DatasetRequest request)
    {
        using var source = new WebDatasetSource(path, shards, new SkipCounter(), names: null, request.NamesOfIds);
        return source.ClassNames.Count > 0
            ? new StreamClasses(source.ClassNames, source.Labels, source.Count, IsListed: false)
            : throw NoLabels(path);
    }

    private static void RequireLabels(string shard, LabelTable labels)
    {
        if (labels.Labels.Count == 0)
        {
            throw NoLabels(shard);
        }
    }

    private static DatasetException NoLabels(string place) => new(
        $"The images of '{place}' have no labels, which are needed here. Add the class of each image: a .cls member, or a field of a .json member.");
}
