using CtfService.Model.Tokenizer;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Training.Tests;

/// <summary>A minimal tokenizer: 16x16 pixels to 4x4 tokens of 32 codewords.</summary>
internal static class TinyTokenizer
{
    public static TokenizerConfig Config { get; } = new()
    {
        BaseWidth = 32,
        EncoderMultipliers = [1, 1],
        DecoderMultipliers = [1, 1],
        ResidualBlocks = 1,
        LatentWidth = 32,
        CodebookSize = 32,
        PatchSize = 2,
    };

    /// <summary>Returns an untrained tokenizer, always with the same weights.</summary>
    public static VqTokenizer Create()
    {
        manual_seed(3);
        var tokenizer = new VqTokenizer(Config);
        tokenizer.eval();
        return tokenizer;
    }

    /// <summary>Writes the tokenizer as a training does; returns the path.</summary>
    public static string Write(string path)
    {
        using var tokenizer = Create();
        ModelFile.Save(path, tokenizer, Config);
        return path;
    }
}
