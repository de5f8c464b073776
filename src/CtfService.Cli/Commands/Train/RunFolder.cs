using CtfService.Core.Models;
using CtfService.Model.Storage;
using CtfService.Training.Tokenizer;
using CtfService.Training.Tokens;
using CtfService.Training.Transformer;

namespace CtfService.Cli.Commands.Train;

/// <summary>The folder in which each training command of one model leaves its result for the next.</summary>
internal sealed record RunFolder(string Path)
{
    public const string TokenizerPart = "tokenizer";
    public const string DecoderPart = "decoder";
    public const string CoarsePart = "coarse";
    public const string FinePart = "fine";

    /// <summary>The last part of the path, which is the default name of the model.</summary>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    public string Tokenizer => System.IO.Path.Combine(Path, TokenizerPart, TokenizerTraining.ResultName);

    /// <summary>The tokenizer for a bundle: with the refined decoder if there is one. Its tokens are the same.</summary>
    public string BundledTokenizer =>
        System.IO.Path.Combine(Path, DecoderPart, TokenizerTraining.ResultName) is var refined && File.Exists(refined) ? refined : Tokenizer;

    public string ClusterMap => System.IO.Path.Combine(Path, "cluster-map.safetensors");

    public string Coarse => System.IO.Path.Combine(Path, CoarsePart, TransformerTraining.CoarseResultName);

    public string Fine => System.IO.Path.Combine(Path, FinePart, TransformerTraining.FineResultName);

    /// <summary>Checks that parts of the run exist. Call it before anything is read or written.</summary>
    /// <exception cref="CheckpointException">A part is missing; the message names the command that makes it.</exception>
    public RunFolder Require(params ReadOnlySpan<string> parts)
    {
        foreach (var part in parts)
        {
            if (!File.Exists(part) && !TokenSet.Exists(part))
            {
                throw new CheckpointException(
                    $"{part}: is missing. Make it with 'ctf {CommandOf(part)} --run {Path}', or name another run with --run.");
            }
        }

        return this;
    }

    /// <summary>Keeps other commands from writing into the run until the lock is disposed.</summary>
    /// <exception cref="IOException">Another process uses the run.</exception>
    public FolderLock Lock() => FolderLock.Take(Path, "--run");

    /// <summary>Returns the folder of the tokens of a split.</summary>
    public string Tokens(string split) => System.IO.Path.Combine(Path, $"tokens-{split}");

    private string CommandOf(string part) =>
        part == Tokenizer ? "train-tokenizer"
        : part == ClusterMap ? "cluster"
        : part == Fine ? "train-fine"
        : part == Coarse ? "train-coarse"
        : "tokenize";
}
