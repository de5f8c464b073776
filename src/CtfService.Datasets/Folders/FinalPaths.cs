using CtfService.Datasets.Finishing;
using CtfService.Datasets.Formats;

namespace CtfService.Datasets.Folders;

/// <summary>The files that a finished data set has in its folder.</summary>
/// <param name="isFilled">True if the folder has other images too, which the data set fills up.</param>
internal sealed class FinalPaths(string folder, ShardFormat format, bool isFilled)
{
    private readonly ShardFiles _shards = new(folder, format);

    /// <summary>List of the images of this data set in a folder that has others: <c>metadata.jsonl</c> would have to list those too.</summary>
    private readonly string _listBesideOthers = $"{format.Dataset.Plan.Name}.jsonl";

    public bool IsFilled { get; } = isFilled;

    /// <summary>Returns the path of a final file.</summary>
    public string Of(string name) => Path.Combine(folder, name == FinalFiles.Metadata && IsFilled ? _listBesideOthers : name);

    /// <summary>Returns true if the data set is finished and no file was deleted since.</summary>
    public bool AllExist() => Finals().All(name => File.Exists(Of(name))) && (format.ShardsAreParts || Numbers.All(_shards.Exist));

    /// <exception cref="InvalidDataException">The folder has other files, which must not be mixed with the data set.</exception>
    public void RequireFree()
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        if (!IsFilled && Directory.EnumerateFileSystemEntries(folder).Any(entry => entry != StateFiles.Folder(folder)))
        {
            throw new InvalidDataException($"'{folder}' is not empty, and no data set was started in it. Choose another folder.");
        }

        if (Finals().Select(Of).Concat(Numbers.SelectMany(_shards.Of)).FirstOrDefault(File.Exists) is { } taken)
        {
            throw new InvalidDataException($"{taken}: already exists, and the data set has a file of that name. Choose another folder or another name.");
        }
    }

    private IEnumerable<int> Numbers => Enumerable.Range(0, format.Dataset.ShardCount);

    private IEnumerable<string> Finals() => FinalFiles.Of(format, [], (_, _) => Task.FromResult(Stream.Null)).Select(file => file.Name);
}
