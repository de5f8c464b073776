using CtfService.Model.TestSupport;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>The tokenizer against every number of the reference's vq-*.golden.safetensors: encoding, decoding, losses, gradients, usage history.</summary>
public sealed class TokenizerGoldenTests(GoldenRuns<TokenizerRun> runs, ITestOutputHelper output) : IClassFixture<GoldenRuns<TokenizerRun>>
{
    private const double LatentTolerance = 2e-5;
    private const double ImageTolerance = 5e-5;
    private const double LossTolerance = 1e-5;
    private const double EntropyTolerance = 1e-4; // temperature 0.01 magnifies rounding
    private const double GradientTolerance = 1e-3;
    private const double OddPixelShare = 1e-3;

    private static readonly GoldenTable<TokenizerRun> Table = new GoldenTable<TokenizerRun>()
        .Input("image|random_indices")
        .Close("encoder_out", LatentTolerance, (run, _) => run.Output("encoder"))
        .Close("latent", LatentTolerance, (run, _) => run.Output("quant_conv"))
        .Exact("indices", (run, _) => run.Quantized.Tokens)
        .Exact("indices_bhw", (run, _) => run.TokenGrid())
        .Close("quant", LatentTolerance, (run, _) => run.Quantized.Latents)
        .Close("codebook_rows", LatentTolerance, (run, _) => run.CodewordRows())
        .Close("codebook_bchw", LatentTolerance, (run, _) => run.CodewordGrid())
        .Close("post_quant", LatentTolerance, (run, _) => run.Output("post_quant_conv"))
        .Close("reconstruction", ImageTolerance, (run, _) => run.Reconstruction.Image)
        .Close("decode_code", ImageTolerance, (run, _) => run.Decode("indices"))
        .Close("decode_code_random", ImageTolerance, (run, _) => run.Decode("random_indices"))
        .Row("decode_code_random_u8", (run, golden) => NearlySamePixels(golden.Expected, run.DecodeToBytes("random_indices")))
        .Close("distances", LatentTolerance, (run, golden) => run.Distances(golden.Expected.shape[0]))
        .Close(@"probe/(encoder\..+)", LatentTolerance, (run, golden) => run.Probe(golden.Parts[0]))
        .Close(@"probe/(decoder\..+)", ImageTolerance, (run, golden) => run.Probe(golden.Parts[0]))
        .Close("vq_loss|commit_loss|mse|train_loss", LossTolerance, (run, golden) => run.Training.Loss(golden.Name))
        .Close("entropy_loss", EntropyTolerance, (run, golden) => run.Training.Loss(golden.Name))
        .Close("entropy_raw", EntropyTolerance, (run, _) => run.Entropy())
        .Close("grad/(.+)", GradientTolerance, (run, golden) => run.Training.Gradient(golden.Parts[0]))
        .GradientNorm("grad_norm/(.+)", (run, golden) => run.Training.GradientNorm(golden.Parts[0]))
        .Exact("codebook_usage", (run, _) => run.Training.Usage())
        .Exact("codebook_used_tail", (run, golden) => run.Training.HistoryTail(golden.Expected.shape[0]));

    public static TheoryData<string> Names => [.. GoldenModels.TokenizerNames];

    public static TheoryData<string, string> Rows => Table.Cases(GoldenModels.TokenizerNames, name => GoldenModels.PathOf(name, "golden"));

    [Theory]
    [MemberData(nameof(Rows))]
    public void Tokenizer_GoldenRow_EqualsTheReference(string model, string row)
    {
        using var frozen = no_grad();
        var run = runs.Of(model);

        Table.Check(row, run, run.Golden, output.WriteLine);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GoldenFile_EveryTensor_HasOneRow(string model)
    {
        using var file = GoldenModels.Values(model);

        Assert.Empty(Table.TensorsWithoutOneRow(file));
    }

    /// <summary>Allows a difference of one level on at most 0.1 % of the values; returns their share.</summary>
    private static double NearlySamePixels(Tensor expected, Tensor actual)
    {
        TensorAssert.CloseAbsolute(expected, actual, 1, "pixels");
        var share = expected.not_equal(actual).to(float64).mean().item<double>();
        Assert.True(share <= OddPixelShare, $"{share:P2} of the pixels differ, at most {OddPixelShare:P2} may.");
        return share;
    }
}
