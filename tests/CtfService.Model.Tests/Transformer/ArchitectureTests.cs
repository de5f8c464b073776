using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

/// <summary>Invalid architectures are rejected before libtorch builds anything.</summary>
public sealed class ArchitectureTests
{
    private static readonly TokenizerConfig Tiny = new()
    {
        BaseWidth = 32,
        EncoderMultipliers = [1, 1],
        DecoderMultipliers = [1, 1],
        ResidualBlocks = 1,
        LatentWidth = 32,
        CodebookSize = 64,
    };

    [Fact]
    public void Tokenizer_BaseWidthThatGroupsDoNotDivide_Throws() =>
        Assert.Contains(
            "base_width is 20",
            Assert.Throws<ArchitectureException>(() => new VqTokenizer(Tiny with { BaseWidth = 20 })).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Tokenizer_ImageThatDoesNotDivideIntoTokens_Throws()
    {
        using var tokenizer = new VqTokenizer(Tiny);
        using var image = zeros(1, 3, 7, 8);

        Assert.Contains(
            "image height is 7, expected a multiple of 2",
            Assert.Throws<ArchitectureException>(() => tokenizer.VqEncode(image)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(30, 8, "such as 32")]
    [InlineData(256, 3, "such as 252 or 264")]
    [InlineData(16, 0, "heads is 0, expected 1 to 65536")]
    public void Transformer_HeadsThatDoNotDivideTheWidth_Throws(int width, int heads, string message)
    {
        var config = new TransformerConfig
        {
            Width = width,
            Layers = 1,
            Heads = heads,
            InputVocabulary = 8,
            OutputVocabulary = 8,
            ClassCount = 2,
            GridHeight = 2,
            GridWidth = 2,
            Causal = true,
        };

        Assert.Contains(message, Assert.Throws<ArchitectureException>(() => new ClassConditionalTransformer(config)).Message, StringComparison.Ordinal);
    }
}
