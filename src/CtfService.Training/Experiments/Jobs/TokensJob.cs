using System.Text.Json.Nodes;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>Computes the tokens of both splits with the frozen tokenizer.</summary>
internal sealed class TokensJob(TokenizerJob tokenizer, int imageSize, string dataFingerprint)
    : ExperimentJob("tokens", new Dictionary<string, object> { ["image_size"] = imageSize, ["data"] = dataFingerprint }, tokenizer)
{
    public static TokenCache Load(string folder, string split) => TokenCache.Load(PathOf(folder, split));

    public override JsonObject Run(JobRun run)
    {
        var path = TokenizerJob.PathIn(run.FolderOf(tokenizer));
        foreach (var (split, images) in new[] { ("train", run.Inputs.Train), ("test", run.Inputs.Test) })
        {
            TokenCache.LoadOrCreate(
                PathOf(run.Folder, split),
                run.Inputs.Tokenizer(path),
                new TokenizedImages(dataFingerprint, imageSize, () => images),
                run.Progress,
                run.Cancellation);
        }

        return [];
    }

    private static string PathOf(string folder, string split) => Path.Combine(folder, $"{split}.safetensors");
}
