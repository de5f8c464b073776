using CtfService.Core.Models;
using CtfService.Model.Storage;
using CtfService.Training.Tokenizer;
using CtfService.Training.Transformer;

namespace CtfService.Cli.Commands.Train;

/// <summary>Where each training command of one model leaves its result for the next.</summary>
internal sealed record RunFolder(string Path)
{
    public const string TokenizerPart = "tokenizer";
    public const string DecoderPart = "decoder";
    public const string CoarsePart = "coarse";
    public const string FinePart = "fine";

    /// <summary>The folder's own name, which a model gets if it is given none.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    public string Tokenizer => System.IO.Path.Combine(Path, TokenizerPart, TokenizerTraining.ResultName);

    /// <summary>What goes into a bundle: the tokenizer with the refined decoder where there is one; its tokens are the same.</summary>
    public string BundledTokenizer => System.IO.Path.Combine(Path, DecoderPart, TokenizerTraining.ResultName) is var refined && File.Exists(refined) ? refined : Tokenizer;

    public string ClusterMap => System.IO.Path.Combine(Path, "cluster-map.safetensors");

    public string Coarse => System.IO.Path.Combine(Path, CoarsePart, TransformerTraining.CoarseResultName);

    public string Fine => System.IO.Path.Combine(Path, FinePart, TransformerTraining.FineResultName);

    /// <summary>To be called before anything is read or written: says which command makes what the run does not have yet.</summary>
    /// <exception cref="CheckpointException">One of the run's parts is missing.</exception>
    public RunFolder Require(params ReadOnlySpan<string> parts)
    {
        foreach (var part in parts)
        {
            if (!File.Exists(part))
            {
                throw new CheckpointException(
                    $"{part}: is missing. Make it with 'ctf {CommandOf(part)} --run {Path}', or name the folder of another run with --run.");
            }
        }

        return this;
    }

    /// <summary>Keeps other commands from writing into the run until it is disposed.</summary>
    /// <exception cref="IOException">Another process works in the run.</exception>
    public FolderLock Lock() => FolderLock.Take(Path, "--run");

    public string Tokens(string split) => System.IO.Path.Combine(Path, $"tokens-{split}.safetensors");

    private string CommandOf(string part) =>
        part == Tokenizer ? "train-tokenizer"
        : part == ClusterMap ? "cluster"
        : part == Fine ? "train-fine"
        : "train-coarse"; // which computes the tokens too
}
