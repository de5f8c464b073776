using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

public sealed class ModuleSamplerTests
{
    [Fact]
    public void DrawLayouts_ManySettings_GivesTheLabelsOfTheReference()
    {
        using var transformer = EngineModels.Random(CoarseRuns.Config);
        var images = CoarseRuns.Specifications(16);

        var layouts = ModuleSampler.DrawLayouts(transformer, images);

        Assert.Equal(images.Select(image => ReferenceDecoder.DrawLayout(transformer, image)), layouts);
    }

    [Fact]
    public void DrawTokens_ManySettings_GivesTheTokensOfTheReference()
    {
        using var scope = NewDisposeScope();
        using var transformer = EngineModels.Random(EngineModels.Config(causal: false) with { OutputVocabulary = 150 });
        var map = ClusterMap.FromAssignments([.. Enumerable.Range(0, 150).Select(token => token % 21)], randn(150, 4));
        ImageSpecification[] images = [.. CoarseRuns.Specifications(16).Select((image, place) => image with
        {
            Fine = image.Coarse,
            Layout = new LayoutSource.Given([.. Enumerable.Range(0, transformer.Config.Positions).Select(cell => ((place * 11) + (cell * 7)) % 21)]),
        })];

        var tokens = ModuleSampler.DrawTokens(transformer, map, images);

        Assert.Equal(
            images.Select(image => ReferenceDecoder.DrawTokens(transformer, map, image, ((LayoutSource.Given)image.Layout).CoarseLabels)), tokens);
    }

    [Fact]
    public void DrawLayouts_Repeated_LeavesNoTensorBehind()
    {
        using var transformer = EngineModels.Random(CoarseRuns.Config);
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        ModuleSampler.DrawLayouts(transformer, CoarseRuns.Specifications(3));

        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
