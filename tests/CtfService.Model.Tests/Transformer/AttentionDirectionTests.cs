using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

public sealed class AttentionDirectionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Forward_LastLabelChanged_MovesEarlierLogitsOnlyWithFullAttention(bool causal)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var transformer = Random(causal);
        var labels = zeros(1, 9, dtype: int64);
        var changed = labels.clone();
        changed[0, 8] = 3;
        var classIds = zeros(1, dtype: int64);

        var before = transformer.call(classIds, labels).narrow(1, 0, 9);
        var after = transformer.call(classIds, changed).narrow(1, 0, 9);

        Assert.Equal(causal, before.equal(after).all().item<bool>());
    }

    [Fact]
    public void DecodeStep_Cached_EqualsFullPass()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var transformer = Random(causal: true);
        var labels = arange(18, int64).mul(5).remainder(7).reshape(2, 9);
        var classIds = tensor(new long[] { 1, 2 });

        var full = transformer.call(classIds, labels);
        var steps = CachedSteps.Logits(transformer, classIds, labels, steps: 10);

        TensorAssert.Close(full, steps, 2e-6);
    }

    private static ClassConditionalTransformer Random(bool causal)
    {
        var transformer = new ClassConditionalTransformer(new TransformerConfig
        {
            Width = 16,
            Layers = 2,
            Heads = 2,
            InputVocabulary = 7,
            OutputVocabulary = 7,
            ClassCount = 3,
            GridHeight = 3,
            GridWidth = 3,
            Causal = causal,
            FeedForwardMultiple = 8,
        });
        transformer.eval();
        SeededWeights.Draw(transformer, seed: 11, (_, parameter, generator) => ReferenceEquals(parameter, transformer.OutputWeight)
            ? SeededWeights.Normal(parameter, 0.5, generator)
            : parameter.ndim > 1 ? SeededWeights.OfLayer(parameter, generator) : null);
        return transformer;
    }
}
