using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Tests.Cpu;

/// <summary>Small random tokenizers, and the decoders that run them.</summary>
internal static class TokenizerModels
{
    /// <summary>
    /// Gets architectures whose latents, codewords and patches are not multiples of a panel, with widths that grow and shrink, and several numbers of
    /// blocks and levels.
    /// </summary>
    public static IReadOnlyDictionary<string, TokenizerConfig> Configs { get; } = new Dictionary<string, TokenizerConfig>
    {
        ["odd widths, patches of 3"] = Config([1, 3, 2], residualBlocks: 1, latentWidth: 37, codewordWidth: 5, patchSize: 3),
        ["one level, three blocks"] = Config([2], residualBlocks: 2, latentWidth: 16, codewordWidth: 3, patchSize: 1),
        ["no normalization, patches of 2"] =
            Config([3, 1], residualBlocks: 1, latentWidth: 65, codewordWidth: 17, patchSize: 2) with { NormalizeCodewords = false },
    };

    /// <summary>Gets a grid whose size is not a multiple of a block of pixels.</summary>
    public static (int Height, int Width) Grid => (5, 9);

    /// <summary>Creates a tokenizer in evaluation mode. Norms and biases are random too, and features have a non-zero mean, as in trained models.</summary>
    public static VqTokenizer Random(string name)
    {
        var tokenizer = new VqTokenizer(Configs[name]);
        tokenizer.eval();
        SeededWeights.Draw(tokenizer, seed: 11, (parameter, weights, generator) => weights.ndim > 1
            ? SeededWeights.OfLayer(weights, generator)
            : SeededWeights.Uniform(weights, parameter.EndsWith("weight", StringComparison.Ordinal) ? 0.5 : -0.5, 1.5, generator));
        return tokenizer;
    }

    public static SimdVqDecoder Decoder(VqTokenizer tokenizer, ComputeThreadPool pool, VectorWidth? width = null, int capacity = 8) =>
        new(tokenizer.Config, WeightSource.Of(tokenizer), Grid, pool, capacity, width);

    /// <summary>Returns the tokens of some images, the same on every call.</summary>
    public static int[] Tokens(TokenizerConfig config, int images)
    {
        var random = new Random(4);
        return [.. Enumerable.Range(0, images * Grid.Height * Grid.Width).Select(_ => random.Next(config.CodebookSize))];
    }

    public static float[] Decode(IVqDecoder decoder, int[] tokens)
    {
        var factor = decoder.Config.DownsampleFactor;
        var pixels = new float[tokens.Length * factor * factor * 3];
        decoder.Decode(tokens, pixels);
        return pixels;
    }

    private static TokenizerConfig Config(int[] multipliers, int residualBlocks, int latentWidth, int codewordWidth, int patchSize) => new()
    {
        BaseWidth = 32,
        EncoderMultipliers = multipliers,
        DecoderMultipliers = multipliers,
        ResidualBlocks = residualBlocks,
        LatentWidth = latentWidth,
        CodebookSize = 77,
        CodewordWidth = codewordWidth,
        PatchSize = patchSize,
        TracksUsage = false,
    };
}
