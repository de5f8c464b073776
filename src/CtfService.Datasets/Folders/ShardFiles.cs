using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.Model.Storage;

namespace CtfService.Datasets.Folders;

/// <summary>The complete shards of a data set in a folder. Those of an ImageFolder are unpacked there.</summary>
internal sealed class ShardFiles(string folder, ShardFormat format)
{
    /// <summary>Files that are written and flushed at once; file systems flush several in little more time than one.</summary>
    private const int FilesAtOnce = 8;

    private readonly ImagefolderFormat? _unpacked = format as ImagefolderFormat;

    private Dataset Dataset => format.Dataset;

    /// <summary>Returns the paths of the files of a shard.</summary>
    public IEnumerable<string> Of(int number)
    {
        return _unpacked is null
            ? [Path.Combine(folder, format.ShardName(number))]
            : Dataset.Indices([number]).Select(index => Path.Combine(folder, _unpacked.FileName(index)));
    }

    public bool Exist(int number) => Of(number).All(File.Exists);

    public Task<Stream> OpenAsync(int number, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult<Stream>(File.OpenRead(Of(number).Single()));
    }

    /// <summary>Writes the files of a shard and flushes them to disk.</summary>
    /// <param name="images">All images of the shard, in order.</param>
    public Task WriteAsync(int number, IEnumerable<EncodedImage> images, CancellationToken cancellation) => _unpacked is null
        ? AtomicFile.WriteAsync(Of(number).Single(), stream => format.WriteShardAsync(stream, images, cancellation))
        : UnpackAsync(_unpacked, images, cancellation);

    /// <summary>Deletes shards that only served to make a final file.</summary>
    public void DeleteParts()
    {
        for (var number = 0; format.ShardsAreParts && number < Dataset.ShardCount; number++)
        {
            Of(number).ToList().ForEach(File.Delete);
        }
    }

    /// <summary>Writes the files in place: the record of the shard, which is written afterwards, tells complete files from others.</summary>
    private async Task UnpackAsync(ImagefolderFormat unpacked, IEnumerable<EncodedImage> images, CancellationToken cancellation)
    {
        var names = Dataset.Model.Classes.FileNames.Where((_, id) => Dataset.Plan.Counts[id] > 0);
        List<string> classFolders = [.. names.Select(name => Path.Combine(folder, name))];
        classFolders.ForEach(path => Directory.CreateDirectory(path));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(images, parallel, async (image, stop) =>
        {
            await using var file = new FileStream(Path.Combine(folder, unpacked.FileName(image.Planned.Index)), FileMode.Create, FileAccess.Write);
            await file.WriteAsync(image.Content, stop);
            file.Flush(flushToDisk: true);
        });
        classFolders.Append(folder).ToList().ForEach(FolderEntries.Sync);
    }
}
