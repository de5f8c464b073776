using CtfService.Core.Models;
using CtfService.Model.Tokenizer;
using CtfService.TestSupport;
using CtfService.Training.Parts;
using CtfService.Training.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokenizer;

public sealed class DecoderBlendTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_TwoDecoders_BlendsThemAndKeepsTheRest()
    {
        var (first, second) = (Write("first", decoder: 0), Write("second", decoder: 8));

        DecoderBlend.Write(first, second, 0.25, Path("blend"));

        using var scope = NewDisposeScope();
        using var blend = Load(Path("blend"));
        using var before = Load(first);
        var weights = before.state_dict();
        foreach (var (name, weight) in blend.state_dict())
        {
            var isDecoder = name.StartsWith("decoder.", StringComparison.Ordinal) || name.StartsWith("post_quant_conv.", StringComparison.Ordinal);
            Assert.True(isDecoder ? weight.eq(2).all().item<bool>() : weight.eq(weights[name]).all().item<bool>(), name);
        }
    }

    [Fact]
    public void Write_AnotherEncoder_IsRefused()
    {
        var (first, second) = (Write("first", decoder: 0), Write("second", decoder: 0, encoder: 1));

        var refusal = Assert.Throws<CheckpointException>(() => DecoderBlend.Write(first, second, 0.5, Path("blend")));

        Assert.Contains("'encoder.", refusal.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path("blend")));
    }

    [Fact]
    public void Write_AnotherWidth_IsRefused()
    {
        var (first, second) = (Write("first", decoder: 0), Write("second", decoder: 0, width: 64));

        Assert.Throws<CheckpointException>(() => DecoderBlend.Write(first, second, 0.5, Path("blend")));
    }

    /// <summary>Returns a tokenizer with constant weights of the encoder and of the decoder.</summary>
    private string Write(string name, double decoder, double encoder = 0.5, int width = 32)
    {
        var config = TinyTokenizer.Config with { BaseWidth = width };
        using var inference = no_grad();
        using var tokenizer = new VqTokenizer(config);
        foreach (var parameter in tokenizer.parameters())
        {
            parameter.fill_(encoder);
        }

        foreach (var parameter in tokenizer.DecoderParameters)
        {
            parameter.fill_(decoder);
        }

        ModelFile.Save(Path(name), tokenizer, config);
        return Path(name);
    }

    private string Path(string name) => System.IO.Path.Combine(_folder.Root, name + ".safetensors");

    private static VqTokenizer Load(string path) => ModelFile.Load<VqTokenizer, TokenizerConfig>(path, config => new VqTokenizer(config));
}
