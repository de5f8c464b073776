using CtfService.Model.Layers;
using CtfService.Model.Tests.Support;
using CtfService.Model.TestSupport;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Layers;

[Collection(GlobalGenerator.Name)]
public sealed class ParameterScopeTests
{
    private static readonly TransformerConfig Small = PublishedTransformers.Config("GPT-B", gridSide: 4) with
    {
        Layers = 1,
        Width = 64,
        Heads = 4,
        InputVocabulary = 32,
        OutputVocabulary = 32,
    };

    [Fact]
    public void Build_ConstructorThrows_FreesItsParameters()
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Assert.Throws<InsufficientMemoryException>(() => ParameterScope.Build(() => new FailingModule()));

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Build_InsideADisposeScope_LeavesTheModuleToThatScope()
    {
        ClassConditionalTransformer module;
        using (var scope = NewDisposeScope())
        {
            module = ParameterScope.Build(() => new ClassConditionalTransformer(Small));
            Assert.Equal(module.parameters().Count(), scope.DisposablesCount);
            scope.Detach(module.parameters());
        }

        Assert.False(module.OutputWeight.IsInvalid);
        module.Dispose();
    }

    [Fact]
    public void Scope_WithoutInitialization_DrawsNoRandomNumbers()
    {
        manual_seed(3);
        var untouched = rand(1).item<float>();
        manual_seed(3);

        using (new ParameterScope(initialise: false))
        {
            new ClassConditionalTransformer(Small).Dispose();
        }

        Assert.Equal(untouched, rand(1).item<float>());
    }

    [Fact]
    public void Scope_OtherType_GivesParametersOfThatType()
    {
        using var fresh = new ParameterScope(ScalarType.BFloat16);
        using var transformer = new ClassConditionalTransformer(Small);

        Assert.All(transformer.parameters(), parameter => Assert.Equal(ScalarType.BFloat16, parameter.dtype));
    }

    [Fact]
    public void Scope_Nested_RestoresTheOuterScope()
    {
        using var outer = new ParameterScope(ScalarType.BFloat16);
        using (new ParameterScope(ScalarType.Float64))
        {
            Assert.Equal(ScalarType.Float64, ParameterScope.Constant(1, 2).dtype);
        }

        Assert.Equal(ScalarType.BFloat16, ParameterScope.Constant(1, 2).dtype);
    }

    [Fact]
    public void Scope_MetaDevice_PutsEveryWeightOnIt()
    {
        using var fresh = new ParameterScope(device: META);
        using var transformer = new ClassConditionalTransformer(Small);
        using var tokenizer = new VqTokenizer(TokenizerConfig.Vq16);

        Assert.All(transformer.state_dict().Concat(tokenizer.state_dict()), entry => Assert.Equal(DeviceType.META, entry.Value.device_type));
    }

    [Fact]
    public void NoScope_SameSeed_GivesTheSameWeights()
    {
        manual_seed(9);
        using var first = new ClassConditionalTransformer(Small);
        manual_seed(9);
        using var second = new ClassConditionalTransformer(Small);

        foreach (var (name, weight) in first.state_dict())
        {
            TensorAssert.Equal(weight, second.state_dict()[name], name);
        }
    }

    private sealed class FailingModule : nn.Module
    {
        private readonly Projection _first = new(8, 8);

        public FailingModule()
            : base(nameof(FailingModule)) => throw new InsufficientMemoryException($"Out of memory after {_first.Weight.numel()} numbers.");
    }
}
