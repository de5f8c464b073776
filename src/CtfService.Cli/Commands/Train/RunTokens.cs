using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;
using CtfService.Training.Tokens;

namespace CtfService.Cli.Commands.Train;

/// <summary>The tokens of a run: found, continued or computed.</summary>
internal sealed class RunTokens(Terminal terminal, RunFolder folder, VqTokenizer tokenizer)
{
    private readonly string _tokenizer = TokenizerIdentity.Of(tokenizer);

    /// <summary>Whether the run has complete tokens of both splits.</summary>
    public bool AreComplete => TokenSet.Exists(folder.Tokens(ImageDatasetReader.TrainSplit)) && TokenSet.Exists(folder.Tokens(ImageDatasetReader.TestSplit));

    /// <summary>Side of the images that this tokenizer has made tokens from, pixels; null if there are none.</summary>
    public int? ImageSize => RecordOf(ImageDatasetReader.TrainSplit) is { } record && record[PartRecord.Tokenizer] == _tokenizer ? record.PixelsOfImages : null;

    /// <summary>Returns what the tokens of a split were, or are being, made from; null if there are none.</summary>
    public PartRecord? RecordOf(string split) => TokenSet.RecordOf(folder.Tokens(split));

    /// <summary>Opens the tokens of a split; computes them, or the rest of them, if they are not complete.</summary>
    /// <param name="replace">Whether tokens of other inputs are replaced.</param>
    /// <exception cref="CheckpointException">The run has tokens of other inputs.</exception>
    public TokenSet OpenOrCompute(string split, TokenizedImages images, bool replace, CancellationToken cancellation)
    {
        var path = folder.Tokens(split);
        if (TokenSet.TryOpen(path, tokenizer, images) is { } complete)
        {
            return complete;
        }

        IReadOnlyList<RecordDifference> differences = TokenSet.Exists(path) && !Directory.Exists(path) // a file of an earlier version, which stays
            ? (RecordOf(split) ?? PartRecord.Empty).Differences(images.MadeFrom(tokenizer))
            : replace ? Tokenization.DeleteOthers(path, tokenizer, images)
            : [];
        if (differences.Count > 0)
        {
            terminal.Error.WriteLine($"{path}: was made from other inputs. Computing its tokens again:{RecordDifference.Lines(differences)}");
        }

        return Compute(split, images, cancellation);
    }

    /// <summary>Computes the tokens of a split, or the rest of them, unless they are complete.</summary>
    /// <exception cref="CheckpointException">The run has tokens of other inputs or crops.</exception>
    public TokenSet Compute(string split, TokenizedImages images, CancellationToken cancellation)
    {
        var path = folder.Tokens(split);
        var skipped = ConsoleProgress.Run(
            terminal, $"tokens of {split}", progress => Tokenization.Run(path, tokenizer, images, progress, cancellation));
        SkippedImages.Report(terminal, skipped, $" in {split}/");
        var tokens = TokenSet.Open(path);
        SkippedImages.ReportMissing(terminal, tokens.ClassNames, tokens.ClassIds, $" in {split}/");
        return tokens;
    }

    /// <summary>Opens the tokens of a split without looking at images.</summary>
    /// <exception cref="CheckpointException">The run has no complete tokens, or they are those of another tokenizer.</exception>
    public TokenSet Open(string split)
    {
        var tokens = TokenSet.Open(folder.Tokens(split));
        var now = PartRecord.Of(PartRecord.Tokenizer, _tokenizer);
        if (tokens.MadeFrom.Only(PartRecord.Tokenizer).Differences(now) is { Count: > 0 } differences)
        {
            tokens.Dispose();
            throw new CheckpointException(
                $"{folder.Tokens(split)}: was made with another tokenizer:{RecordDifference.Lines(differences)}{Environment.NewLine}"
                + "Compute the tokens again with 'ctf tokenize --overwrite', or restore the other tokenizer.");
        }

        return tokens;
    }
}
