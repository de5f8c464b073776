using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>
/// The tokens of a data set, computed once with the frozen tokenizer and cached on disk: those of every image and of its mirror image.
/// </summary>
public sealed class TokenCache
{
    private const int EncodeBatch = 64;
    private const string TokensKey = "tokens";
    private const string ClassIdsKey = "class_ids";
    private const string ClassNamesKey = "class_names";

    private TokenCache(long[] tokens, int[] classIds, IReadOnlyList<string> classNames, PartRecord madeFrom)
    {
        MadeFrom = madeFrom;
        Tokens = tokens;
        ClassIds = classIds;
        ClassNames = classNames;
        Positions = tokens.Length / classIds.Length;
    }

    /// <summary>Tokens [N, T], flat, in raster order.</summary>
    public long[] Tokens { get; }

    /// <summary>Class id of each row of <see cref="Tokens"/>.</summary>
    public IReadOnlyList<int> ClassIds { get; }

    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>T: tokens per image.</summary>
    public int Positions { get; }

    /// <summary>Images, image size and tokenizer that the tokens were made from.</summary>
    public PartRecord MadeFrom { get; }

    /// <summary>Calls <see cref="TryLoad"/>, and <see cref="Create"/> if that returns null.</summary>
    public static TokenCache LoadOrCreate(
        string path, VqTokenizer tokenizer, TokenizedImages images, ITrainingProgress progress, CancellationToken cancellation) =>
        TryLoad(path, tokenizer, images, progress.Note) ?? Create(path, tokenizer, images, progress, cancellation);

    /// <summary>Reads the file if it was made from the same images, at the same size, with the same tokenizer.</summary>
    /// <param name="images">The images of the tokens.</param>
    /// <param name="note">Receives the reason why existing tokens have to be computed again.</param>
    /// <returns>Null if the tokens have to be computed.</returns>
    public static TokenCache? TryLoad(string path, VqTokenizer tokenizer, TokenizedImages images, Action<string> note)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = SafetensorsFile.Open(path);
        var there = PartRecord.Read(file);
        var differences = (there ?? PartRecord.Empty).Differences(images.MadeFrom(tokenizer));
        if (differences.Count == 0)
        {
            return Read(file);
        }

        note(there is null
            ? $"{path}: has no record of what it was made from, as files of earlier versions do not. Computing its tokens again."
            : $"{path}: was made from other inputs. Computing its tokens again:{RecordDifference.Lines(differences)}");
        return null;
    }

    /// <summary>Encodes the images and writes the file.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two batches; nothing is written.</exception>
    public static TokenCache Create(string path, VqTokenizer tokenizer, TokenizedImages images, ITrainingProgress progress, CancellationToken cancellation)
    {
        var cache = Encode(tokenizer, images.Open(), images.MadeFrom(tokenizer), progress, cancellation);
        cache.Write(path);
        return cache;
    }

    /// <summary>Reads the file, whatever it was made from.</summary>
    /// <exception cref="CheckpointException">The file is missing or damaged.</exception>
    public static TokenCache Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Read(file);
    }

    /// <summary>Returns the usual labels of the images, for the drafts of decode steps.</summary>
    /// <param name="map">The map that the coarse stage was trained with.</param>
    public UsualLabels UsualLabels(ClusterMap map)
    {
        var counts = new LabelCounts(ClassNames.Count, Positions, map.ClusterCount);
        foreach (var (row, tokens) in Tokens.Chunk(Positions).Index())
        {
            counts.Add(ClassIds[row], map.Coarsen([.. tokens.Select(token => (int)token)]));
        }

        return counts.MostUsual();
    }

    /// <summary>Returns rows as tensors: tokens int64 [B, T] and class ids int64 [B], owned by the caller.</summary>
    public (Tensor Tokens, Tensor ClassIds) Batch(IReadOnlyList<int> rows)
    {
        var tokens = new long[rows.Count * Positions];
        for (var row = 0; row < rows.Count; row++)
        {
            Tokens.AsSpan(rows[row] * Positions, Positions).CopyTo(tokens.AsSpan(row * Positions));
        }

        return (tensor(tokens, [rows.Count, Positions]), tensor(rows.Select(row => (long)ClassIds[row]).ToArray()));
    }

    private static TokenCache Encode(
        VqTokenizer tokenizer, ImageDataset dataset, PartRecord madeFrom, ITrainingProgress progress, CancellationToken cancellation)
    {
        using var frozen = no_grad();
        var meter = new TrainingMeter(progress, new TrainingPace(0, dataset.Count, BatchSize: 1, ReportEvery: 1));
        var tokens = new List<long>();
        var classIds = new List<int>();
        foreach (var part in Enumerable.Range(0, dataset.Count).Chunk(EncodeBatch))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var images = ImageBatch.Of(dataset, part).Pixels;
            foreach (var variant in new[] { images, images.flip(3) })
            {
                tokens.AddRange(tokenizer.VqEncode(variant).data<long>());
                classIds.AddRange(part.Select(index => dataset.ClassIds[index]));
            }

            meter.StepFinished(part[^1] + 1, () => new Dictionary<string, double>());
        }

        return new TokenCache([.. tokens], [.. classIds], dataset.ClassNames, madeFrom);
    }

    private static TokenCache Read(SafetensorsFile file)
    {
        using var tokens = file.Read(TokensKey, int64);
        using var classIds = file.Read(ClassIdsKey);
        var names = JsonSerializer.Deserialize<string[]>(file.Metadata.GetValueOrDefault(ClassNamesKey, "[]"))
            ?? throw new CheckpointException($"{file.Path}: has no class names. Delete the file; it will be computed again.");
        return new TokenCache(tokens.data<long>().ToArray(), classIds.data<int>().ToArray(), names, PartRecord.Read(file) ?? PartRecord.Empty);
    }

    private void Write(string path)
    {
        using var tokens = tensor(Tokens, [ClassIds.Count, Positions]).to(int32);
        using var classIds = tensor(ClassIds.ToArray());
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        SafetensorsWriter.Write(path, [(TokensKey, tokens), (ClassIdsKey, classIds)], new Dictionary<string, string>(MadeFrom.Metadata)
        {
            [ClassNamesKey] = JsonSerializer.Serialize(ClassNames),
        });
    }
}

/// <summary>Images to encode, with their identity.</summary>
/// <param name="Data">The <see cref="DataFingerprint"/> of the images.</param>
/// <param name="ImageSize">Side, pixels.</param>
/// <param name="Open">Loads the images; called only if the tokens have to be computed.</param>
public sealed record TokenizedImages(string Data, int ImageSize, Func<ImageDataset> Open)
{
    /// <summary>Returns the record of the tokens.</summary>
    public PartRecord MadeFrom(VqTokenizer tokenizer) =>
        PartRecord.Of(PartRecord.Data, Data).With(PartRecord.ImageSize, ImageSize).With(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer));
}
