using CtfService.Core.Models;

namespace CtfService.Training.Tokens;

/// <summary>A token set that is being computed. It can be killed at any moment and continued; the files end up the same.</summary>
internal sealed class TokenSetWriter : IDisposable
{
    private readonly string _folder;
    private readonly TokenSetIndex _index;
    private readonly List<TokenShardEntry> _shards = [];
    private TokenJournal _journal;

    private TokenSetWriter(string folder, TokenSetIndex index)
    {
        _folder = folder;
        _index = index;
        while (File.Exists(ShardPath(_shards.Count)))
        {
            var path = ShardPath(_shards.Count);
            using var shard = new TokenShard(path);
            Next = shard.Next ?? throw new CheckpointException($"{path}: was not written by 'ctf tokenize'. {TokenSetIndex.Remedy(folder)}");
            _shards.Add(new TokenShardEntry(ShardName(_shards.Count), shard.Rows));
            File.Delete(JournalPath(_shards.Count - 1)); // of a process that ended between the two
        }

        _journal = OpenJournal();
        Next = _journal.Next ?? Next;
        CompleteFullShard(); // of a process that ended before it was written
    }

    /// <summary>Position in the walk over the images at which to continue.</summary>
    public int Next { get; private set; }

    /// <summary>Starts a set, or continues the one that the folder holds.</summary>
    /// <exception cref="CheckpointException">A file of the folder is damaged, or the folder has shards of unknown origin.</exception>
    public static TokenSetWriter Open(string folder, TokenSetIndex index)
    {
        Directory.CreateDirectory(folder);
        if (!TokenSetIndex.IsStarted(folder))
        {
            if (Directory.EnumerateFiles(folder, "tokens-*").Any())
            {
                throw new CheckpointException(
                    $"{folder}: has shards, but neither started.json nor index.json says what they were made from. {TokenSetIndex.Remedy(folder)}");
            }

            index.WriteStarted(folder);
        }

        return new TokenSetWriter(folder, index);
    }

    public void Append(TokenBlock block)
    {
        _journal.Append(block);
        Next = block.Next;
        CompleteFullShard();
    }

    /// <summary>Completes the set.</summary>
    /// <param name="require">Checks the number of rows of each class before.</param>
    public void Complete(Action<IReadOnlyList<int>> require)
    {
        if (_journal.Rows > 0)
        {
            CompleteShard();
        }
        else
        {
            _journal.Dispose();
            File.Delete(JournalPath(_shards.Count));
        }

        require(RowsOfClasses());
        (_index with { Images = _shards.Sum(shard => shard.Rows) / _index.Layout.CropCount, Shards = _shards }).WriteComplete(_folder);
    }

    public void Dispose() => _journal.Dispose();

    private void CompleteFullShard()
    {
        if (_journal.IsFull)
        {
            CompleteShard();
            _journal = OpenJournal();
        }
    }

    private void CompleteShard()
    {
        var rows = _journal.Rows;
        _journal.Complete(ShardPath(_shards.Count));
        _shards.Add(new TokenShardEntry(ShardName(_shards.Count), rows));
    }

    private int[] RowsOfClasses()
    {
        var rows = new int[_index.ClassNames.Count];
        foreach (var entry in _shards)
        {
            using var shard = new TokenShard(Path.Combine(_folder, entry.File));
            var classIds = new int[shard.Rows];
            shard.ReadClassIds(classIds);
            foreach (var classId in classIds)
            {
                rows[classId]++;
            }
        }

        return rows;
    }

    private TokenJournal OpenJournal() => new(JournalPath(_shards.Count), _index.Layout);

    private string ShardPath(int shard) => Path.Combine(_folder, ShardName(shard));

    private string JournalPath(int shard) => Path.Combine(_folder, $"tokens-{shard:D5}.part");

    private static string ShardName(int shard) => $"tokens-{shard:D5}.safetensors";
}
