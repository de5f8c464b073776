using CtfService.Model.Tests.Support;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Tokenizer;

/// <summary>The tokenizer against the reference's numbers; tolerances from the golden README.</summary>
public sealed class VqTokenizerGoldenTests
{
    private const double LatentTolerance = 2e-5;
    private const double ImageTolerance = 5e-5;

    public static TheoryData<string> Names => GoldenModels.TokenizerNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void VqEncode_GoldenImage_GivesReferenceLatentsAndTokens(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = GoldenModels.Values(name);
        using var tokenizer = GoldenModels.Tokenizer(name);
        var image = golden.Read("image");

        var latents = tokenizer.Latents(image);
        var quantized = tokenizer.Quantizer.call(latents);

        TensorAssert.Close(golden.Read("latent"), latents, LatentTolerance, "latent");
        TensorAssert.Close(golden.Read("quant"), quantized.Latents, LatentTolerance, "quant");
        TensorAssert.Equal(golden.Read("indices"), quantized.Tokens, "indices");
        TensorAssert.Equal(golden.Read("indices_bhw"), tokenizer.VqEncode(image), "indices_bhw");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void VqDecode_GoldenTokens_GivesReferenceImages(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var golden = GoldenModels.Values(name);
        using var tokenizer = GoldenModels.Tokenizer(name);
        var (height, width) = (golden.Entry("latent").Shape[2], golden.Entry("latent").Shape[3]);

        var random = tokenizer.VqDecode(golden.Read("random_indices"), height, width);

        TensorAssert.Close(golden.Read("codebook_bchw"), tokenizer.Quantizer.Lookup(golden.Read("indices"), height, width), LatentTolerance, "codebook_bchw");
        TensorAssert.Close(golden.Read("decode_code"), tokenizer.VqDecode(golden.Read("indices"), height, width), ImageTolerance, "decode_code");
        TensorAssert.Close(golden.Read("decode_code_random"), random, ImageTolerance, "decode_code_random");
        TensorAssert.Close(golden.Read("reconstruction"), tokenizer.call(golden.Read("image")).Image, ImageTolerance, "reconstruction");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_TrainingMode_GivesReferenceLosses(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        using var tokenizer = GoldenModels.Tokenizer(name);
        tokenizer.train();
        var image = golden.Read("image");

        var reconstruction = tokenizer.call(image);

        var losses = reconstruction.Losses!;
        var error = (reconstruction.Image - image).square().mean();
        TensorAssert.Close(golden.Read("vq_loss"), losses.Codebook.reshape(1), 1e-5, "vq_loss");
        TensorAssert.Close(golden.Read("commit_loss"), losses.Commitment.reshape(1), 1e-5, "commit_loss");
        TensorAssert.Close(golden.Read("entropy_loss"), losses.Entropy.reshape(1), 1e-4, "entropy_loss");
        TensorAssert.Close(golden.Read("mse"), error.reshape(1), 1e-5, "mse");
        TensorAssert.Close(golden.Read("train_loss"), (error + losses.Codebook + losses.Commitment + losses.Entropy).reshape(1), 1e-5, "train_loss");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Backward_TrainingLoss_GivesReferenceGradients(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = GoldenModels.Values(name);
        using var tokenizer = GoldenModels.Tokenizer(name);
        tokenizer.train();
        var image = golden.Read("image");

        var reconstruction = tokenizer.call(image);
        var losses = reconstruction.Losses!;
        ((reconstruction.Image - image).square().mean() + losses.Codebook + losses.Commitment + losses.Entropy).backward();

        foreach (var (parameterName, parameter) in tokenizer.named_parameters())
        {
            var expected = golden.Read($"grad_norm/{parameterName}").item<float>();
            var actual = parameter.grad!.norm().item<float>();
            Assert.True(Math.Abs(actual - expected) <= (2e-3 * expected) + 1e-5, $"{parameterName}: gradient norm {actual}, expected {expected}.");
        }

        TensorAssert.Close(golden.Read("grad/quantize.embedding.weight"), tokenizer.get_parameter("quantize.embedding.weight")!.grad!, 1e-3);
    }
}
