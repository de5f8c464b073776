using CtfService.Model.Loading;
using CtfService.Model.Tests.Support;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Tokenizer;

/// <summary>A seed gives the same file on every machine only if no bit of the pixels depends on the batch or the number of cores.</summary>
[Collection(GlobalGenerator.Name)]
public sealed class VqDecodeBitsTests : IDisposable
{
    private const int GridSide = 8;

    private readonly int _threads = get_num_threads();

    [Fact]
    public void VqDecode_AnyBatchAndThreadCount_GivesTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        manual_seed(11);
        using var tokenizer = new VqTokenizer(new TokenizerConfig
        {
            BaseWidth = 32,
            EncoderMultipliers = [1, 3, 4],
            DecoderMultipliers = [1, 3, 4],
            ResidualBlocks = 1,
            LatentWidth = 128,
            CodebookSize = 64,
            CodewordWidth = 8,
            PatchSize = 2,
        });
        tokenizer.eval();
        var tokens = randint(0, 64, [8, GridSide * GridSide], dtype: ScalarType.Int64);
        set_num_threads(2);
        var expected = tokenizer.VqDecode(tokens, GridSide, GridSide);

        var differing =
            from threads in new[] { 2, 4, 8 }
            from images in new[] { 1, 2, 3, 5, 8 }
            where !AreEqual(tokenizer, tokens[..images], threads, expected[..images])
            select $"{images} image(s) on {threads} threads";

        Assert.Empty(differing);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(4, 4)]
    [InlineData(7, 4)]
    [InlineData(8, 8)]
    [InlineData(192, 8)]
    public void Count_Processors_IsThePowerOfTwoThatFits(int processors, int expected)
    {
        Assert.Equal(expected, DecodeThreads.Count(processors));
    }

    public void Dispose() => set_num_threads(_threads);

    private static bool AreEqual(VqTokenizer tokenizer, Tensor tokens, int threads, Tensor expected)
    {
        using var scope = NewDisposeScope();
        set_num_threads(threads);
        return tokenizer.VqDecode(tokens, GridSide, GridSide).equal(expected).all().item<bool>();
    }
}
