using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using CtfService.Training.Parts;
using CtfService.Training.Progress;

namespace CtfService.Training.Tokens;

/// <summary>Computes a token set, or the rest of one that was interrupted.</summary>
public static class Tokenization
{
    /// <summary>Encodes the images into the folder.</summary>
    /// <returns>What was skipped by this process, by reason.</returns>
    /// <exception cref="WorkStoppedException">Cancelled between two blocks; the same call continues.</exception>
    /// <exception cref="CheckpointException">The folder holds tokens that were made from other inputs, or a damaged file.</exception>
    /// <exception cref="DatasetException">The images are damaged, or a class has none that can be read.</exception>
    public static IReadOnlyList<SkippedFiles> Run(
        string folder, VqTokenizer tokenizer, TokenizedImages images, ITrainingProgress progress, CancellationToken cancellation)
    {
        var madeFrom = images.MadeFrom(tokenizer);
        RequireSame(folder, madeFrom);
        if (TokenSetIndex.IsComplete(folder))
        {
            return [];
        }

        using var walk = images.Open();
        var encoder = new TokenEncoder(tokenizer, images);
        var layout = new TokenLayout(encoder.Positions, tokenizer.Config.CodebookSize, images.Crops.Count());
        using var writer = TokenSetWriter.Open(folder, TokenSetIndex.Start(madeFrom, walk.ClassNames, layout));
        if (writer.Next > 0)
        {
            progress.Note($"Continues {folder} after {writer.Next} of {walk.Count} images.");
        }

        var meter = new TrainingMeter(progress, new TrainingPace(writer.Next, walk.Count, BatchSize: 1, ReportEvery: 1));
        try
        {
            foreach (var block in walk.From(writer.Next, images.Crops.SourceSide(images.ImageSize), cancellation).Chunk(TokenLayout.BlockImages))
            {
                cancellation.ThrowIfCancellationRequested();
                writer.Append(encoder.Encode(block));
                meter.StepFinished(writer.Next, () => new Dictionary<string, double>());
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw new WorkStoppedException($"Stopped after {writer.Next} of {walk.Count} images; their tokens are in {folder}.", cancellation);
        }

        if (writer.Next < walk.Count)
        {
            meter.StepFinished(walk.Count, () => new Dictionary<string, double>()); // the last images could not be read
        }

        writer.Complete(rows => RequireImages(walk, rows));
        return walk.Skipped;
    }

    /// <summary>Checks that a folder is free for tokens, or has some that were made from the same inputs. Call it before hours of work.</summary>
    /// <exception cref="CheckpointException">The folder holds tokens that were made from other inputs.</exception>
    public static void RequireSame(string folder, VqTokenizer tokenizer, TokenizedImages images) => RequireSame(folder, images.MadeFrom(tokenizer));

    /// <summary>Deletes the token set in a folder if it was made from other inputs; complete or unfinished tokens of the same inputs stay.</summary>
    /// <returns>The differences; empty if nothing was deleted.</returns>
    public static IReadOnlyList<RecordDifference> DeleteOthers(string folder, VqTokenizer tokenizer, TokenizedImages images)
    {
        var differences = TokenSetIndex.RecordIn(folder)?.Differences(images.MadeFrom(tokenizer)) ?? [];
        if (differences.Count > 0)
        {
            Directory.Delete(folder, recursive: true);
        }

        return differences;
    }

    private static void RequireSame(string folder, PartRecord now)
    {
        if (TokenSetIndex.RecordIn(folder)?.Differences(now) is { Count: > 0 } differences)
        {
            throw new CheckpointException(
                $"{folder}: holds tokens that were made from other inputs:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Specify the inputs that they were made from, or replace them with 'ctf tokenize --overwrite', or choose another folder with --run.");
        }
    }

    /// <summary>Every class of the training images needs one; other splits may lack classes.</summary>
    private static void RequireImages(ImageWalk walk, IReadOnlyList<int> rowsOfClasses)
    {
        var empty = walk.ClassNames.Where((_, id) => rowsOfClasses[id] == 0).ToList();
        if (empty.Count == walk.ClassNames.Count || (empty.Count > 0 && walk.DefinesClasses))
        {
            var skipped = walk.Skipped.Count > 0 ? $" Skipped: {string.Join("; ", walk.Skipped)}." : "";
            var names = NameList.Of([.. empty.Select(name => $"'{name}'")]);
            throw new DatasetException($"No image of {names} can be read. Restore the images or remove the class.{skipped}");
        }
    }
}
