using CtfService.Model.Clusters;
using CtfService.Model.Engines;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.TestSupport;
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

    [Fact]
    public void Run_RandomLabels_EqualsTheModules()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var transformer = EngineModels.Random(EngineModels.Config(causal: false) with { OutputVocabulary = 63 });
        var map = ClusterMap.FromAssignments([.. Enumerable.Range(0, 63).Select(token => token % 21)], zeros(63, 4));
        using var engine = new TorchFineEngine(transformer, map, CPU, capacity: 2);
        using var members = new ClusterMembers(map, CPU);
        var cells = transformer.Config.Positions;
        int[] classIds = [1, 3];
        int[] labels = [.. Enumerable.Range(0, 2 * cells).Select(cell => cell * 5 % 21)];
        var hidden = new float[labels.Length * transformer.Config.Width];
        var logits = new float[labels.Length * engine.LargestCluster];

        engine.Run(classIds, labels, hidden);
        engine.ScoreMembers(hidden, labels, logits);

        var states = transformer.Hidden(tensor(classIds, int64), tensor(labels, int64).reshape(2, cells)).narrow(1, 1, cells).flatten(0, 1);
        var expected = members.Score(states, tensor(labels, int64), transformer.OutputWeight);
        TensorAssert.Close(expected, tensor(logits, [labels.Length, engine.LargestCluster]), 1e-6);
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
