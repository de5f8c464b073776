using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Tests.Cpu;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Engines;

public sealed class TorchFineEngineTests
{
    private const int Images = 4;

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Run_ImageInABatch_IsBitForBitAsAlone(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var transformer = EngineModels.Random(EngineModels.Config(causal: false) with { OutputVocabulary = 150 });
        _ = transformer.to(type);
        var map = ClusterMap.FromAssignments([.. Enumerable.Range(0, 150).Select(token => token % 21)], randn(150, 4));
        using var engine = new TorchFineEngine(transformer, map, CPU, Images);
        var cells = transformer.Config.Positions;
        int[] classIds = [0, 1, 2, 3];
        int[] labels = [.. Enumerable.Range(0, Images * cells).Select(cell => cell * 7 % 21)];

        var together = Logits(engine, classIds, labels);

        for (var image = 0; image < Images; image++)
        {
            var alone = Logits(engine, classIds[image..(image + 1)], labels[(image * cells)..((image + 1) * cells)]);
            Assert.Equal(together[(image * alone.Length)..((image + 1) * alone.Length)], alone);
        }
    }

    private static float[] Logits(TorchFineEngine engine, int[] classIds, int[] labels)
    {
        var hidden = new float[labels.Length * engine.Config.Width];
        var logits = new float[labels.Length * engine.LargestCluster];
        engine.Run(classIds, labels, hidden);
        engine.ScoreMembers(hidden, labels, logits);
        return logits;
    }
}
