using CtfService.Model.Checkpoints;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Imaging;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Cpu;

public sealed class SimdVqDecoderTests
{
    private const double Tolerance = 2e-5;
    private const double OddPixelShare = 1e-3;

    public static TheoryData<string, VectorWidth> Models => Across(TokenizerModels.Configs.Keys);

    public static TheoryData<string> Names => [.. TokenizerModels.Configs.Keys];

    public static TheoryData<string, VectorWidth> GoldenRuns => Across(GoldenModels.TokenizerNames);

    public static TheoryData<VectorWidth> Widths => EngineModels.Widths;

    [Theory]
    [MemberData(nameof(Models))]
    public void Decode_RandomWeights_EqualsTorchInDoublePrecision(string name, VectorWidth width)
    {
        using var tokenizer = TokenizerModels.Random(name);
        using var pool = new ComputeThreadPool(2);
        using var decoder = TokenizerModels.Decoder(tokenizer, pool, width);
        var tokens = TokenizerModels.Tokens(tokenizer.Config, images: 3);

        var pixels = TokenizerModels.Decode(decoder, tokens);

        using var exact = new TorchVqDecoder(tokenizer.to(float64), TokenizerModels.Grid.Height, TokenizerModels.Grid.Width, CPU);
        TensorAssert.Close(tensor(TokenizerModels.Decode(exact, tokens)), tensor(pixels), Tolerance);
    }

    [Theory]
    [MemberData(nameof(GoldenRuns))]
    public void Decode_GoldenTokens_GivesReferencePixels(string name, VectorWidth width)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        using var tokenizer = GoldenModels.Tokenizer(name);
        using var pool = new ComputeThreadPool(2);
        var grid = golden.Entry("latent").Shape;
        using var decoder = new SimdVqDecoder(tokenizer.Config, WeightSource.Of(tokenizer), ((int)grid[2], (int)grid[3]), pool, width: width);

        var pixels = tensor(TokenizerModels.Decode(decoder, Tokens(golden, "indices"))).reshape(Hwc(golden.Entry("decode_code").Shape));
        var random = TokenizerModels.Decode(decoder, Tokens(golden, "random_indices"));

        TensorAssert.Close(golden.Read("decode_code"), pixels.permute(0, 3, 1, 2), Tolerance, "decode_code");
        var bytes = golden.Read("decode_code_random_u8");
        byte[] images = [.. Pixels.ToImages(random, (int)bytes.shape[2], (int)bytes.shape[1]).SelectMany(image => image.Pixels)];
        var actual = tensor(images).reshape(bytes.shape);
        TensorAssert.CloseAbsolute(bytes, actual, 1, "decode_code_random_u8");
        Assert.InRange(bytes.not_equal(actual).to(float64).mean().item<double>(), 0, OddPixelShare);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Decode_AnyBatchAndThreads_IsBitwiseIdentical(string name, VectorWidth width)
    {
        const int Images = 5;
        using var tokenizer = TokenizerModels.Random(name);
        using var single = new ComputeThreadPool(1);
        using var alone = TokenizerModels.Decoder(tokenizer, single, width, capacity: 1);
        var tokens = TokenizerModels.Tokens(tokenizer.Config, Images);
        float[] expected = [.. tokens.Chunk(tokens.Length / Images).SelectMany(image => TokenizerModels.Decode(alone, image))];

        foreach (var (threads, capacity) in new[] { (1, 8), (2, 1), (2, 3), (3, 8) })
        {
            using var pool = new ComputeThreadPool(threads);
            using var decoder = TokenizerModels.Decoder(tokenizer, pool, width, capacity);

            Assert.True(expected.AsSpan().SequenceEqual(TokenizerModels.Decode(decoder, tokens)), $"{threads} threads, {capacity} images at once");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_AnyWidth_IsBitwiseIdentical(string name)
    {
        using var tokenizer = TokenizerModels.Random(name);
        using var pool = new ComputeThreadPool(2);
        var tokens = TokenizerModels.Tokens(tokenizer.Config, images: 2);
        var pixels = VectorWidths.All.Where(VectorWidths.IsSupported).Select(width =>
        {
            using var decoder = TokenizerModels.Decoder(tokenizer, pool, width);
            return TokenizerModels.Decode(decoder, tokens);
        }).ToList();

        Assert.All(pixels, other => Assert.Equal(pixels[0], other));
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void DecodeCodewords_OfTokens_EqualsDecode(VectorWidth width)
    {
        using var tokenizer = TokenizerModels.Random(TokenizerModels.Configs.Keys.Last()); // codewords are not normalized
        using var pool = new ComputeThreadPool(2);
        using var decoder = TokenizerModels.Decoder(tokenizer, pool, width);
        var tokens = TokenizerModels.Tokens(tokenizer.Config, images: 2);
        var codewords = tokenizer.Quantizer.StoredCodewords.index_select(0, tensor(tokens, int64)).data<float>().ToArray();
        var expected = TokenizerModels.Decode(decoder, tokens);

        var pixels = new float[expected.Length];
        decoder.DecodeCodewords(codewords, pixels);

        Assert.Equal(expected, pixels);
    }

    [Fact]
    public void Decode_Repeated_AllocatesNothing()
    {
        using var tokenizer = TokenizerModels.Random(TokenizerModels.Configs.Keys.First());
        using var pool = new ComputeThreadPool(2);
        using var decoder = TokenizerModels.Decoder(tokenizer, pool, capacity: 2);
        var tokens = TokenizerModels.Tokens(tokenizer.Config, images: 3);
        var pixels = TokenizerModels.Decode(decoder, tokens);

        var before = GC.GetAllocatedBytesForCurrentThread();
        decoder.Decode(tokens, pixels);
        decoder.Decode(tokens, pixels);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Decode_InvalidArguments_ThrowsWithTheirValue()
    {
        using var tokenizer = TokenizerModels.Random(TokenizerModels.Configs.Keys.First());
        using var pool = new ComputeThreadPool(1);
        using var decoder = TokenizerModels.Decoder(tokenizer, pool);
        var tokens = TokenizerModels.Tokens(tokenizer.Config, images: 1);
        var pixels = TokenizerModels.Decode(decoder, tokens);

        var tooFew = Assert.Throws<ArgumentException>(() => decoder.Decode(tokens, pixels.AsSpan(1)));
        tokens[7] = 77;
        var unknown = Assert.Throws<ArgumentException>(() => decoder.Decode(tokens, pixels));

        Assert.Contains($"{pixels.Length - 1} pixel floats", tooFew.Message, StringComparison.Ordinal);
        Assert.Contains("Token 77 is out of range; expected 0 to 76", unknown.Message, StringComparison.Ordinal);
    }

    private static int[] Tokens(SafetensorsFile golden, string name) => [.. golden.Read(name, int64).data<long>().Select(token => (int)token)];

    private static long[] Hwc(IReadOnlyList<long> shape) => [shape[0], shape[2], shape[3], shape[1]];

    private static TheoryData<string, VectorWidth> Across(IEnumerable<string> names)
    {
        var all = new TheoryData<string, VectorWidth>();
        foreach (var name in names)
        {
            foreach (var width in EngineModels.Widths)
            {
                all.Add(name, width);
            }
        }

        return all;
    }
}
