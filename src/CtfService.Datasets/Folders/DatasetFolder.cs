using CtfService.Datasets.Finishing;
using CtfService.Datasets.Formats;
using CtfService.Datasets.Plans;
using CtfService.Model.Storage;

namespace CtfService.Datasets.Folders;

/// <summary>
/// A data set in a folder. Interrupted at any moment, even by a power failure, it goes on from its last finished images when it is opened again, and ends with
/// the same bytes. Only one process can have it open. Call it from one thread at a time.
/// </summary>
public sealed class DatasetFolder : IDisposable
{
    private readonly string _path;
    private readonly ShardFormat _format;
    private readonly ShardFiles _shards;
    private readonly FinalPaths _final;
    private readonly FolderLock? _lock;
    private readonly HashSet<int> _complete;
    private readonly SortedDictionary<int, ShardJournal> _journals = [];

    /// <param name="folderLock">Null if the data set is finished.</param>
    private DatasetFolder(string path, ShardFormat format, bool isFilled, FolderLock? folderLock)
    {
        _path = path;
        _format = format;
        _shards = new ShardFiles(path, format);
        _final = new FinalPaths(path, format, isFilled);
        _lock = folderLock;
        _complete = [.. Numbers.Where(IsFinished ? _ => true : IsComplete)];
        Finished = Dataset.Indices(_complete).Count();
    }

    /// <summary>True if every file of the data set is there.</summary>
    public bool IsFinished => _lock is null;

    /// <summary>Number of images that are finished.</summary>
    public int Finished { get; private set; }

    /// <summary>Number of images of the data set.</summary>
    public int Total => Dataset.Count;

    /// <summary>Number of images that the filter rejected, in earlier runs too.</summary>
    public int Rejected { get; private set; }

    private Dataset Dataset => _format.Dataset;

    private IEnumerable<int> Numbers => Enumerable.Range(0, Dataset.ShardCount);

    /// <summary>Opens a data set, or starts it.</summary>
    /// <param name="fill">The folder whose images were counted for the plan; null if none were.</param>
    /// <exception cref="InvalidDataException">The folder holds something else; the message says what.</exception>
    /// <exception cref="IOException">Another process has the data set open, or the folder cannot be written to.</exception>
    public static DatasetFolder Open(string path, ShardFormat format, FilledFolder? fill = null)
    {
        var wanted = new StartedDataset(DatasetOrigin.Of(format.Dataset.Model), format.Dataset.Plan, fill);
        var final = new FinalPaths(path, format, fill?.Is(path) ?? false);
        Check(wanted, final, path);
        if (final.AllExist() && StartedDataset.FindUnfinished(path) is null)
        {
            return new DatasetFolder(path, format, final.IsFilled, folderLock: null);
        }

        var folderLock = FolderLock.TryTake(StateFiles.Folder(path))
            ?? throw new IOException($"'{path}' is in use by another process. Wait until it ends, stop it, or choose another folder.");
        try
        {
            Check(wanted, final, path); // again: another process may have been here in between
            return Start(wanted, path, format, final, folderLock);
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>Returns the images that are not finished, in order; those of which attempts were rejected with their next attempt.</summary>
    public IEnumerable<PlannedImage> Missing()
    {
        var finished = _journals.Values.SelectMany(journal => journal.Finished).ToHashSet();
        var attempts = _journals.Values.SelectMany(journal => journal.Rejected).CountBy(image => image.Index).ToDictionary();
        return Dataset.Indices([.. Numbers.Except(_complete)])
            .Where(index => !finished.Contains(index))
            .Select(index => Dataset.Image(index, attempts.GetValueOrDefault(index)));
    }

    /// <summary>Stores a finished image, and writes its shard if it was the last one of it.</summary>
    public async Task AddAsync(EncodedImage image, CancellationToken cancellation = default)
    {
        var number = ShardOf(image.Planned.Index);
        Journal(number).Add(image);
        Finished++;
        await CompleteIfFullAsync(number, cancellation);
    }

    /// <summary>Stores that an image was rejected.</summary>
    public void Add(RejectedImage image)
    {
        Journal(ShardOf(image.Index)).Add(image);
        Rejected++;
    }

    /// <summary>Writes the final files when all images are finished, and deletes what served to make them. The data set is closed then.</summary>
    public async Task FinishAsync(CancellationToken cancellation = default)
    {
        foreach (var number in _journals.Keys.ToList())
        {
            await CompleteIfFullAsync(number, cancellation); // an earlier run may have ended just before
        }

        if (_complete.Count < Dataset.ShardCount)
        {
            throw new InvalidOperationException($"{Dataset.Count - Finished} images are missing.");
        }

        if (!_final.AllExist())
        {
            List<RejectedImage> rejected = [.. Numbers.SelectMany(number => Record(number).Rejected)];
            foreach (var file in FinalFiles.Of(_format, rejected, _shards.OpenAsync))
            {
                await AtomicFile.WriteAsync(_final.Of(file.Name), stream => file.WriteAsync(stream, cancellation));
            }
        }

        _shards.DeleteParts();
        Dispose();
        Directory.Delete(StateFiles.Folder(_path), recursive: true);
    }

    public void Dispose()
    {
        foreach (var journal in _journals.Values)
        {
            journal.Dispose();
        }

        _lock?.Dispose();
    }

    private static void Check(StartedDataset wanted, FinalPaths final, string path)
    {
        if (StartedDataset.Find(path) is { } found)
        {
            found.RequireSame(wanted, path);
        }
        else
        {
            final.RequireFree();
        }
    }

    private static DatasetFolder Start(StartedDataset wanted, string path, ShardFormat format, FinalPaths final, FolderLock folderLock)
    {
        if (StartedDataset.FindUnfinished(path) is null)
        {
            FinishedShards.Restore(path, format); // if the data set was finished once and files were deleted since
            wanted.Write(path);
        }

        var folder = new DatasetFolder(path, format, final.IsFilled, folderLock);
        foreach (var number in folder.Numbers.Except(folder._complete).Where(number => File.Exists(StateFiles.Journal(path, number))))
        {
            folder.Finished += folder.Journal(number).Count;
            folder.Rejected += folder.Journal(number).Rejected.Count;
        }

        folder.Rejected += folder._complete.Sum(number => folder.Record(number).Rejected.Count);

        return folder;
    }

    private bool IsComplete(int number) => File.Exists(StateFiles.Record(_path, number)) && _shards.Exist(number);

    private ShardRecord Record(int number) => ShardRecord.Read(StateFiles.Record(_path, number));

    private int ShardOf(int index) => index / Dataset.Plan.ShardSize;

    private ShardJournal Journal(int number) => _journals.TryGetValue(number, out var journal)
        ? journal
        : _journals[number] = new ShardJournal(StateFiles.Journal(_path, number), Dataset, Dataset.Shard(number));

    private async Task CompleteIfFullAsync(int number, CancellationToken cancellation)
    {
        var journal = _journals[number];
        if (journal.Count < Dataset.Shard(number).Count)
        {
            return;
        }

        await _shards.WriteAsync(number, journal.Images(), cancellation);
        new ShardRecord(journal.Rejected).Write(StateFiles.Record(_path, number));
        _complete.Add(number);
        _journals.Remove(number);
        journal.Dispose();
        File.Delete(StateFiles.Journal(_path, number));
    }
}
