using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Tokens;

/// <summary>
/// The tokens of all crops of the images of a set, in shards on disk. Only class ids are kept in memory; rows are read when they are needed. Reading is
/// thread-safe.
/// </summary>
public sealed class TokenSet : IDisposable
{
    /// <summary>Rows that are read at the same time, which hides the latency of a disk.</summary>
    private const int ReadsAtOnce = 8;

    private const string LegacyEnding = ".safetensors";
    private const string LegacyClassNamesKey = "class_names";

    private readonly List<TokenShard> _shards = [];
    private readonly int[] _firstRows; // of each shard

    private TokenSet(IReadOnlyList<string> paths, Func<TokenShard, (PartRecord MadeFrom, IReadOnlyList<string> ClassNames)> describe)
    {
        try
        {
            _shards.AddRange(paths.Select(path => new TokenShard(path)));
            (MadeFrom, ClassNames) = describe(_shards[0]);
            Positions = _shards[0].Positions;
            _firstRows = new int[_shards.Count];
            for (var shard = 1; shard < _shards.Count; shard++)
            {
                _firstRows[shard] = checked(_firstRows[shard - 1] + _shards[shard - 1].Rows);
            }

            ClassIds = ReadClassIds();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Class id of each row.</summary>
    public IReadOnlyList<int> ClassIds { get; }

    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>T: tokens per row.</summary>
    public int Positions { get; }

    /// <summary>Rows of an image.</summary>
    public int CropCount => TokenizedImages.CropsOf(MadeFrom).Count();

    /// <summary>Images that have rows.</summary>
    public int Images => ClassIds.Count / CropCount;

    /// <summary>Images, image size, crops and tokenizer that the tokens were made from.</summary>
    public PartRecord MadeFrom { get; }

    /// <summary>Returns whether a folder has complete tokens, or a file of an earlier version stands in its place.</summary>
    public static bool Exists(string folder) => TokenSetIndex.IsComplete(folder) || File.Exists(folder + LegacyEnding);

    /// <summary>Returns what the tokens were, or are being, made from; null if there are none, or if they have no record.</summary>
    /// <exception cref="CheckpointException">A file is damaged.</exception>
    public static PartRecord? RecordOf(string folder) =>
        TokenSetIndex.RecordIn(folder) ?? (File.Exists(folder + LegacyEnding) ? PartRecord.Read(folder + LegacyEnding) : null);

    /// <summary>Opens complete tokens, whatever they were made from.</summary>
    /// <param name="folder">The folder; <c>.safetensors</c> is added to find the file of an earlier version.</param>
    /// <exception cref="CheckpointException">There are no complete tokens, or a file is missing or damaged.</exception>
    public static TokenSet Open(string folder)
    {
        if (!TokenSetIndex.IsComplete(folder))
        {
            return File.Exists(folder + LegacyEnding)
                ? new TokenSet([folder + LegacyEnding], OfLegacy)
                : throw new CheckpointException($"{folder}: has no complete tokens. Run 'ctf tokenize', which continues where it was stopped.");
        }

        var index = TokenSetIndex.ReadComplete(folder);
        var set = new TokenSet([.. index.Shards.Select(shard => Path.Combine(folder, shard.File))], _ => (index.Record, index.ClassNames));
        if (set._shards.Zip(index.Shards).FirstOrDefault(pair => pair.First.Rows != pair.Second.Rows || pair.First.Positions != index.Layout.Positions)
            is { First: { } wrong, Second: var expected })
        {
            set.Dispose();
            throw new CheckpointException(
                $"{wrong.File.Path}: has {wrong.Rows} rows of {wrong.Positions} tokens; expected {expected.Rows} of {index.Layout.Positions}. "
                + TokenSetIndex.Remedy(folder));
        }

        return set;
    }

    /// <summary>Opens tokens if they are complete and were made from these images with this tokenizer, in any crops.</summary>
    /// <returns>Null if there are none.</returns>
    /// <exception cref="CheckpointException">A file is damaged.</exception>
    public static TokenSet? TryOpen(string folder, VqTokenizer tokenizer, TokenizedImages images)
    {
        string[] names = [PartRecord.Data, PartRecord.ImageSize, PartRecord.Tokenizer];
        return Exists(folder) && RecordOf(folder)?.Only(names).Differences(images.MadeFrom(tokenizer).Only(names)).Count == 0 ? Open(folder) : null;
    }

    /// <summary>Returns the row of a crop of an image: the rows of a block of images are stored crop by crop.</summary>
    /// <param name="image">0 to <see cref="Images"/> - 1, in the order of the data set.</param>
    /// <param name="crop">0 to <see cref="CropCount"/> - 1.</param>
    public int RowOf(int image, int crop)
    {
        var first = image / TokenLayout.BlockImages * TokenLayout.BlockImages;
        return (first * CropCount) + (crop * Math.Min(TokenLayout.BlockImages, Images - first)) + (image - first);
    }

    /// <summary>Reads the tokens of a row.</summary>
    /// <param name="tokens">[T].</param>
    /// <exception cref="CheckpointException">The file has become shorter, or the storage fails.</exception>
    public void Read(int row, Span<int> tokens)
    {
        var place = Array.BinarySearch(_firstRows, row);
        var shard = place >= 0 ? place : ~place - 1;
        _shards[shard].Read(row - _firstRows[shard], tokens);
    }

    /// <summary>Reads rows for <see cref="TokenRows.ToTensors"/>, on any thread.</summary>
    public TokenRows ReadRows(IReadOnlyList<int> rows)
    {
        var tokens = new long[rows.Count * Positions];
        void Copy(int place)
        {
            Span<int> row = new int[Positions];
            Read(rows[place], row);
            for (var position = 0; position < Positions; position++)
            {
                tokens[(place * Positions) + position] = row[position];
            }
        }

        ReadingThreads.ForEach(rows.Count, Copy, threads: ReadsAtOnce);
        return new TokenRows(tokens, [.. rows.Select(row => (long)ClassIds[row])]);
    }

    public void Dispose() => _shards.ForEach(shard => shard.Dispose());

    private int[] ReadClassIds()
    {
        var classIds = new int[_firstRows[^1] + _shards[^1].Rows];
        foreach (var (number, shard) in _shards.Index())
        {
            shard.ReadClassIds(classIds.AsSpan(_firstRows[number], shard.Rows));
        }

        return Array.FindIndex(classIds, id => (uint)id >= (uint)ClassNames.Count) is >= 0 and var row
            ? throw new CheckpointException(
                $"{_shards[0].File.Path}: row {row} has the class {classIds[row]}; expected 0 to {ClassNames.Count - 1}. Make the tokens again.")
            : classIds;
    }

    /// <summary>Reads the description in a file that earlier versions wrote instead of a folder.</summary>
    private static (PartRecord MadeFrom, IReadOnlyList<string> ClassNames) OfLegacy(TokenShard shard) =>
    (
        PartRecord.Read(shard.File) ?? PartRecord.Empty,
        JsonSerializer.Deserialize<string[]>(shard.File.Metadata.GetValueOrDefault(LegacyClassNamesKey, "[]"))
            ?? throw new CheckpointException($"{shard.File.Path}: has no class names. Delete the file and run 'ctf tokenize'.")
    );
}

/// <summary>Rows of a token set in memory.</summary>
/// <param name="Tokens">[B, T].</param>
/// <param name="ClassIds">[B].</param>
public sealed record TokenRows(long[] Tokens, long[] ClassIds)
{
    /// <summary>Returns tokens int64 [B, T] and class ids int64 [B], owned by the caller.</summary>
    public (Tensor Tokens, Tensor ClassIds) ToTensors() => (tensor(Tokens, [ClassIds.Length, Tokens.Length / ClassIds.Length]), tensor(ClassIds));
}
