using CtfService.Core.Generation;
using CtfService.Model.Bundles;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Loading;
using CtfService.Model.Stages;
using CtfService.Model.Stages.Windows;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Stages.Windows;

/// <summary>How many steps the model that ships needs for an image of 64 labels, with its sampling defaults and its usual labels.</summary>
public sealed class ShippedModelTests
{
    private const int Rows = 128;

    /// <summary>The mean over an image of each class: always the same images, so always the same figure.</summary>
    [Theory]
    [InlineData(4, 36)]
    [InlineData(8, 28)]
    [InlineData(16, 24)]
    public void Step_Window_NeedsFewSteps(int window, double most)
    {
        using var weights = BundleReader.OpenWeights(RepositoryFolder.File("models", "fruits-64"));
        var manifest = weights.Bundle.Manifest;
        using var pool = new ComputeThreadPool(2);
        var engine = new SimdDecodeEngine(manifest.Coarse, WeightSource.Of(weights.Coarse), pool, new CpuEngineOptions(Rows, WeightFormat.Int8));
        using var stage = new HostCoarseStage(engine, new FixedWindow(window), SimdEngineBuilder.DraftsOf(weights, Rows));
        var images = Enumerable.Range(0, manifest.ClassLabels.Count)
            .Select(classId => new ImageSpecification(classId, (ulong)classId, manifest.Sampling.Coarse, manifest.Sampling.Fine));
        var steps = new List<int>();
        foreach (var together in images.Chunk(Rows / 2 / window)) // so many that every window has its rows
        {
            foreach (var (id, image) in together.Index())
            {
                stage.Add(new RunningImage(id, image, manifest.Coarse.Positions));
            }

            while (stage.Count > 0)
            {
                steps.AddRange(stage.Step().Select(image => image.DecodeSteps));
            }
        }

        Assert.Equal(manifest.ClassLabels.Count, steps.Count);
        Assert.InRange(steps.Average(), 1, most);
    }
}
