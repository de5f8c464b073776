using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Engines;

namespace CtfService.Model.Tests.Cpu;

public sealed class StepMeasurementTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Measure_AnyCapacity_GivesTimesAndThreadsAndLeavesLogitsAsTheyAre(int capacity)
    {
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(2);
        using var measured = EngineModels.Engine(transformer, pool, capacity);
        using var other = EngineModels.Engine(transformer, pool, capacity);

        var costs = StepMeasurement.Measure(measured, pool.Threads, CancellationToken.None);

        Assert.All(Enumerable.Range(1, 2 * capacity), rows => Assert.True(costs.Of(rows) > 0));
        Assert.All(Enumerable.Range(1, capacity), rows => Assert.InRange(measured.Threads.For(rows), 1, 2));
        Assert.Equal(Logits(other), Logits(measured));
    }

    [Fact]
    public void Measure_Cancelled_Throws()
    {
        using var transformer = EngineModels.Random(EngineModels.Config());
        using var pool = new ComputeThreadPool(1);
        using var engine = EngineModels.Engine(transformer, pool, capacity: 2);

        Assert.Throws<OperationCanceledException>(() => StepMeasurement.Measure(engine, pool.Threads, new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    [InlineData(9, 4)]
    public void For_AnyRows_IsTheThreadsOfTheNextMeasuredNumber(int rows, int threads) =>
        Assert.Equal(threads, new StepThreads([(1, 1), (2, 1), (8, 4)]).For(rows));

    private static float[] Logits(SimdDecodeEngine engine)
    {
        var logits = new float[engine.Config.OutputVocabulary];
        engine.DecodeStep([new DecodeRow(Slot: 0, Position: 0, Input: 1)], logits);
        return logits;
    }
}
