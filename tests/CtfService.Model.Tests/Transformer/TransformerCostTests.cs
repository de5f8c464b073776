using CtfService.Model.Layers;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

/// <summary>Parameters and operations from the architecture alone.</summary>
public sealed class TransformerCostTests
{
    public static TheoryData<string> Names => [.. PublishedTransformers.Sizes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Parameters_PublishedSize_AreThoseOfTheModule(string name)
    {
        using var outline = new ParameterScope(device: META);
        var config = PublishedTransformers.Config(name, gridSide: 16);
        using var module = new ClassConditionalTransformer(config);

        Assert.Equal(module.parameters().Sum(parameter => parameter.numel()), TransformerCost.Parameters(config));
    }

    [Theory]
    [InlineData("B", 86_509_056)]
    [InlineData("L", 310_405_120)]
    [InlineData("XL", 734_067_200)]
    public void Parameters_512Clusters_AreThoseOfThePaper(string size, long parameters)
    {
        var config = PublishedTransformers.Config($"GPT-{size}", gridSide: 16) with { InputVocabulary = 512, OutputVocabulary = 512 };

        Assert.Equal(parameters, TransformerCost.Parameters(config)); // the paper: 87, 310 and 734 million
    }

    [Fact]
    public void TrainingFlops_SmallModel_AreCountedByHand()
    {
        var config = new TransformerConfig
        {
            Width = 8,
            Layers = 2,
            Heads = 2,
            InputVocabulary = 10,
            OutputVocabulary = 20,
            ClassCount = 3,
            GridHeight = 2,
            GridWidth = 2,
            Causal = false,
            GivenFeedForwardWidth = 16,
        };

        // 5 positions: qkv 8x24, wo 8x8, three matrices 8x16; scores and values over 5x5 pairs; the head scores 4 positions of 20 labels.
        const int block = (2 * 5 * ((8 * 24) + (8 * 8) + (3 * 8 * 16))) + (2 * 2 * 5 * 5 * 8);
        Assert.Equal(3 * 7 * ((2 * block) + (2 * 4 * 20 * 8)), TransformerCost.TrainingFlops(config, images: 7));
        Assert.Equal(3 * 7 * ((2 * block) + (2 * 4 * 6 * 8)), TransformerCost.TrainingFlops(config, images: 7, scoredVocabulary: 6));
    }

    [Fact]
    public void TrainingFlops_LargeModel_AreSixTimesTheWeightsOfEachPosition()
    {
        var config = PublishedTransformers.Config("GPT-3B", gridSide: 16);
        var weights = TransformerCost.Parameters(config) - TransformerCost.EmbeddingParameters(config);

        Assert.Equal(1, TransformerCost.TrainingFlops(config, images: 1) / (6.0 * weights * config.Positions), tolerance: 0.03); // attention adds little
    }
}
