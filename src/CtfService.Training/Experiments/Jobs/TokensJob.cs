using System.Text.Json.Nodes;
using CtfService.Training.Data.Formats;
using CtfService.Training.Tokens;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Computes the tokens of both splits with the frozen tokenizer.</summary>
internal sealed class TokensJob(TokenizerJob tokenizer, int imageSize, string dataFingerprint)
    : ExperimentJob("tokens", new Dictionary<string, object> { ["image_size"] = imageSize, ["data"] = dataFingerprint }, tokenizer)
{
    public static TokenSet Open(string folder, string split) => TokenSet.Open(PathOf(folder, split));

    /// <summary>Returns how often each token occurs in the training images: [K].</summary>
    public static IReadOnlyList<long> Counts(string folder, int codebookSize)
    {
        using var tokens = Open(folder, ImageDatasetReader.TrainSplit);
        return TokenStatistics.Counts(tokens, codebookSize);
    }

    public override JsonObject Run(JobRun run)
    {
        var path = TokenizerJob.PathIn(run.FolderOf(tokenizer));
        foreach (var split in new[] { ImageDatasetReader.TrainSplit, ImageDatasetReader.TestSplit })
        {
            var tokenized = new TokenizedImages(dataFingerprint, imageSize, () => run.Inputs.Walk(split));
            Tokenization.Run(PathOf(run.Folder, split), run.Inputs.Tokenizer(path), tokenized, run.Progress, run.Cancellation);
        }

        return [];
    }

    private static string PathOf(string folder, string split) => Path.Combine(folder, split);
}
