using CtfService.Training.Tokenizer;
using CtfService.Training.Transformer;

namespace CtfService.Cli.Commands;

/// <summary>Where each training command of one model leaves its result for the next.</summary>
internal sealed record RunFolder(string Path)
{
    public const string TokenizerPart = "tokenizer";
    public const string CoarsePart = "coarse";
    public const string FinePart = "fine";

    public string Tokenizer => System.IO.Path.Combine(Path, TokenizerPart, TokenizerTraining.ResultName);

    public string ClusterMap => System.IO.Path.Combine(Path, "cluster-map.safetensors");

    public string Coarse => System.IO.Path.Combine(Path, CoarsePart, TransformerTraining.CoarseResultName);

    public string Fine => System.IO.Path.Combine(Path, FinePart, TransformerTraining.FineResultName);

    public string Tokens(string split) => System.IO.Path.Combine(Path, $"tokens-{split}.safetensors");
}
