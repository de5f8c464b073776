using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Conversion;

/// <summary>Derives the architecture of a VQ tokenizer from the shapes of its weights.</summary>
public static class TokenizerRecognizer
{
    private const string Codebook = "quantize.embedding.weight";
    private const string FirstConvolution = "encoder.conv_in.weight";

    /// <summary>A record of training, not a weight: the last 65,536 tokens.</summary>
    public const string UsageHistory = "quantize.codebook_used";

    public static bool IsTokenizer(TensorFile file) => file.Contains(Codebook) && file.Contains(FirstConvolution);

    /// <exception cref="CheckpointException">The file is not a tokenizer of this family.</exception>
    public static RecognizedTokenizer Recognize(TensorFile file)
    {
        var first = Shape(file, FirstConvolution, dimensions: 4);
        var codebook = Shape(file, Codebook, dimensions: 2);
        var patch = (int)Math.Round(Math.Sqrt(first[1] / 3.0));
        Require(file, first[0] > 0 && 3 * patch * patch == first[1], $"'{FirstConvolution}' takes {first[1]} channels; expected 3 times a square");
        var config = new TokenizerConfig
        {
            BaseWidth = first[0],
            EncoderMultipliers = Multipliers(file, "encoder", first[0]),
            DecoderMultipliers = [.. Multipliers(file, "decoder", first[0]).Reverse()], // stored deepest first
            ResidualBlocks = Count(file, block => $"encoder.conv_blocks.0.res.{block}.conv1.weight"),
            LatentWidth = Shape(file, "encoder.conv_out.weight", dimensions: 4)[0],
            CodebookSize = codebook[0],
            CodewordWidth = codebook[1],
            TracksUsage = file.Contains(UsageHistory),
            PatchSize = patch,
        };
        var name = PublishedTokenizers.Configs.FirstOrDefault(published => IsSame(published.Value, config)).Key;
        return new RecognizedTokenizer(
            name,
            config,
            [
                $"{name ?? "no published size"}: widths {Widths(config.EncoderMultipliers, config)} down and {Widths(config.DecoderMultipliers, config)} up, "
                + $"{config.ResidualBlocks} residual blocks per level",
                $"{config.CodebookSize} codewords of {config.CodewordWidth} dimensions; "
                + $"one token for {config.DownsampleFactor}x{config.DownsampleFactor} pixels",
            ],
            name is null ? ["whether codewords are scaled to unit length (assumed, as in the published tokenizers; set it with --codewords)"] : []);
    }

    private static int[] Multipliers(TensorFile file, string side, int baseWidth)
    {
        var levels = Count(file, level => $"{side}.conv_blocks.{level}.res.0.conv1.weight");
        return [.. Enumerable.Range(0, levels).Select(level =>
        {
            var width = Shape(file, $"{side}.conv_blocks.{level}.res.0.conv1.weight", dimensions: 4)[0];
            Require(
                file,
                width > 0 && width % baseWidth == 0,
                $"level {level} of the {side} has the width {width}; expected a multiple of the base width {baseWidth}");
            return width / baseWidth;
        })];
    }

    private static int Count(TensorFile file, Func<int, string> key)
    {
        var count = 0;
        while (file.Contains(key(count)))
        {
            count++;
        }

        return count > 0 ? count : throw new CheckpointException($"{file.Path}: has no '{key(0)}', so it is not a tokenizer of the LlamaGen family.");
    }

    private static string Widths(IReadOnlyList<int> multipliers, TokenizerConfig config) =>
        string.Join(", ", multipliers.Select(multiplier => multiplier * config.BaseWidth));

    private static bool IsSame(TokenizerConfig published, TokenizerConfig config) =>
        published.EncoderMultipliers.SequenceEqual(config.EncoderMultipliers)
        && published.DecoderMultipliers.SequenceEqual(config.DecoderMultipliers)
        && config == published with
        {
            EncoderMultipliers = config.EncoderMultipliers,
            DecoderMultipliers = config.DecoderMultipliers,
            TracksUsage = config.TracksUsage,
        };

    private static int[] Shape(TensorFile file, string name, int dimensions)
    {
        var entry = file.Entry(name);
        Require(
            file,
            entry.Shape.Count == dimensions && entry.Shape.All(size => size is > 0 and <= 1 << 24),
            $"'{name}' is {entry.ShapeText}; expected {dimensions} dimensions");
        return [.. entry.Shape.Select(size => (int)size)];
    }

    private static void Require(TensorFile file, bool condition, string problem)
    {
        if (!condition)
        {
            throw new CheckpointException($"{file.Path}: {problem}.");
        }
    }
}
