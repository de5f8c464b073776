using CtfService.Model.Clusters;
using CtfService.Model.Cpu.Threading;
using CtfService.Model.Engines;
using CtfService.Model.Tests.Cpu;
using CtfService.Model.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Engines;

public sealed class TorchDecodeEngineTests
{
    [Fact]
    public void DecodeStep_RowsInStep_EqualFullPass()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var engine = new TorchDecodeEngine(transformer, CPU, capacity: 5);
        var classIds = arange(5, int64).remainder(4);
        var labels = randint(0, transformer.Config.InputVocabulary, [5, transformer.Config.Positions], dtype: int64);

        var steps = EngineModels.StepThrough(engine, classIds, labels, 1 + transformer.Config.Positions);

        TensorAssert.Close(transformer.call(classIds, labels), steps, 2e-6);
    }

    [Fact]
    public void DecodeStep_RowsAtTheirOwnPositions_EqualTheVectorEngine()
    {
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        using var torch = new TorchDecodeEngine(transformer, CPU, capacity: 6);
        using var simd = EngineModels.Engine(transformer, pool, capacity: 6);
        var random = new Random(8);
        var position = new int[6];

        for (var step = 0; step < 60; step++)
        {
            var rows = Enumerable.Range(0, 6).OrderBy(_ => random.Next()).Take(random.Next(1, 7))
                .Select(slot => new DecodeRow(slot, position[slot], random.Next(position[slot] == 0 ? 4 : transformer.Config.InputVocabulary))).ToArray();
            var expected = new float[rows.Length * transformer.Config.OutputVocabulary];
            var actual = new float[expected.Length];
            torch.DecodeStep(rows, expected);
            simd.DecodeStep(rows, actual);

            using var scope = NewDisposeScope();
            TensorAssert.Close(tensor(expected), tensor(actual), 2e-5, $"step {step}");
            foreach (var row in rows)
            {
                position[row.Slot] = (row.Position + 1) % transformer.Config.Positions;
            }
        }
    }

    [Fact]
    public void FineEngine_RandomLabels_GivesWhatTheModulesGive()
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
        TensorAssert.Close(members.Score(states, tensor(labels, int64), transformer.OutputWeight), tensor(logits, [labels.Length, engine.LargestCluster]), 1e-6);
    }
}
