using CtfService.Model.Layers;
using CtfService.Model.Tests.Support;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

/// <summary>Weight names and shapes of every published model, without its memory.</summary>
public sealed class PublishedModelsTests
{
    public static TheoryData<string> Names => PublishedKeys.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void StateDict_PublishedModel_HasTheReferencesNamesAndShapes(string name)
    {
        using var fresh = new ParameterScope(device: META);
        using var module = Build(name);

        Assert.Equal(PublishedKeys.Of(name), PublishedKeys.Of(module));
    }

    [Fact]
    public void Config_UnknownName_NamesTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() => PublishedTransformers.Config("GPT-4", gridSide: 16));

        Assert.Contains("GPT-B, GPT-L, GPT-XL, GPT-XXL, GPT-3B", error.Message, StringComparison.Ordinal);
    }

    private static nn.Module Build(string name) => PublishedTokenizers.Configs.TryGetValue(name, out var tokenizer)
        ? new VqTokenizer(tokenizer)
        : new ClassConditionalTransformer(PublishedTransformers.Config(name, gridSide: 24));
}
