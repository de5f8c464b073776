using CtfService.TestSupport;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Optimization;

/// <summary>Tests the arithmetic of a step, and that it waits for the device only to fetch figures.</summary>
public sealed class TrainingStepTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_EightSteps_GivesTheBitsOfTheSameStepsInPlainTorchSharp()
    {
        using var task = new ToyTask(cancelAt: null);
        using var plain = new ToyTask(cancelAt: null);

        Train(task, Options("run"));
        Plain(plain, Options("run"));

        Assert.Equal(plain.Weights(), task.Weights());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)] // parts of 2, 3 and 3 rows
    [InlineData(8)]
    public void Run_BatchInParts_GivesTheWeightsOfTheWholeBatchWithinRounding(int parts)
    {
        using var whole = new ToyTask(cancelAt: null, dropout: 0);
        using var divided = new ToyTask(cancelAt: null, dropout: 0);

        Train(whole, Options("whole"));
        Train(divided, Options("divided") with { Accumulate = parts });

        Assert.All(whole.Weights().Zip(divided.Weights()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.Equal(LossOf("whole")!.Value, LossOf("divided")!.Value, 1e-5);
    }

    [Fact]
    public void Run_FiguresFetchedRarely_GivesTheSameWeightsAndReports()
    {
        using var often = new ToyTask(cancelAt: null);
        using var rarely = new ToyTask(cancelAt: null);

        Train(often, Options("often") with { FetchEvery = 1 });
        Train(rarely, Options("rarely") with { FetchEvery = 1_000 });

        Assert.Equal(often.Weights(), rarely.Weights());
        Assert.Equal(LossOf("often"), LossOf("rarely"));
    }

    [Fact]
    public void Run_LossNotFiniteBetweenTwoFetches_NamesItsStepAndKeepsTheLastCheckpoint()
    {
        using var task = new ToyTask(cancelAt: null) { BreaksAt = 5, Break = loss => loss / 0 };

        var error = Assert.Throws<TrainingDivergedException>(
            () => Train(task, Options("fine") with { FetchEvery = 1_000, CheckpointEvery = 4, Steps = 20 }));

        const string Expected = "fine: the loss 'loss' is infinite at step 6, so the run stopped. The checkpoint of step 4 is kept.";
        Assert.StartsWith(Expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("learning rate below", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_CancelledAfterABrokenStepThatWasNotFetched_DoesNotSaveIt()
    {
        using var task = new ToyTask(cancelAt: 7) { BreaksAt = 5, Break = loss => loss * double.NaN };
        var options = Options("fine") with { FetchEvery = 1_000, CheckpointEvery = 4, Steps = 20, EvaluateEvery = 20 };

        Assert.Throws<TrainingDivergedException>(
            () => new TrainingLoop(options, task, NoProgress.Instance).Run(resume: false, task.Cancellation));

        Assert.Equal(4, TrainingCheckpoint.FinishedSteps(options.RunDirectory));
    }

    [Fact]
    public void Run_StepsBetweenTwoFetches_ReadNothingFromTheDevice()
    {
        // The meta device computes shapes only: reading a value from it, as a wait for a real device does, throws.
        using var task = new ToyTask(cancelAt: null, device: META);
        var options = Options("run") with { Device = META, Accumulate = 2 };
        using var optimizer = new WeightOptimizer(task.Module, options.WeightDecay, options.MaxGradientNorm);
        using var average = new WeightAverage(task.Module);
        using var step = new TrainingStep(options, task, optimizer, average, () => "");

        for (var i = 0; i < 3; i++)
        {
            Assert.Null(step.Run(i, fetch: false));
        }

        Assert.Contains("Cannot copy out of meta tensor", Assert.ThrowsAny<Exception>(step.Check).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 2, "with 8 images at a time", "2 at a time fit: add --accumulate 4, which trains the same batch in parts, or use --batch 2.")]
    [InlineData(2, 1, "with 4 images at a time", "1 at a time fit: add --accumulate 8,")]
    [InlineData(1, 0, "with 8 images at a time", "Not even one image fits: use a smaller model")]
    public void Run_OutOfMemory_SaysWhichBatchFits(int accumulate, int fitsAtOnce, string failed, string remedy)
    {
        using var task = new ToyTask(cancelAt: null) { FitsAtOnce = fitsAtOnce };

        var error = Assert.Throws<StepMemoryException>(() => Train(task, Options("run") with { Accumulate = accumulate }));

        Assert.Contains($"too little memory for step 1 {failed} (CUDA out of memory. Tried to allocate 2.00 GiB).", error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_PartsThatFit_Trains()
    {
        using var task = new ToyTask(cancelAt: null) { FitsAtOnce = 2 };

        Train(task, Options("run") with { Accumulate = 4 });

        Assert.Equal(8, TrainingCheckpoint.FinishedSteps(_folder.File("run")));
    }

    [Fact]
    public void Split_UnevenBatch_CoversEveryImageOnce()
    {
        var parts = BatchPart.Split(10, 4);

        Assert.Equal([2, 3, 2, 3], parts.Select(part => part.Count));
        Assert.Equal([0, 2, 5, 7], parts.Select(part => part.First));
        Assert.Equal(1, parts.Sum(part => part.Share), 1e-12);
    }

    private static void Train(ToyTask task, TrainingOptions options) =>
        new TrainingLoop(options, task, NoProgress.Instance).Run(resume: false, CancellationToken.None);

    /// <summary>Trains as the loop does, with TorchSharp's functions alone, each of which waits for the device.</summary>
    private static void Plain(ToyTask task, TrainingOptions options)
    {
        var weights = task.Module.parameters().ToList();
        var averages = weights.Select(weight => weight.detach().clone()).ToList();
        using var adam = optim.AdamW([
            new AdamW.ParamGroup(weights.Where(weight => weight.ndim >= 2), new AdamW.Options { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.05 }),
            new AdamW.ParamGroup(weights.Where(weight => weight.ndim < 2), new AdamW.Options { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0 }),
        ]);
        for (var step = 0; step < options.Steps; step++)
        {
            using var scope = NewDisposeScope();
            manual_seed(step);
            task.Load(step);
            var loss = task.Forward(step, BatchPart.Whole(ToyTask.BatchSize)).Total;
            foreach (var group in adam.ParamGroups)
            {
                group.LearningRate = options.LearningRateAt(step);
            }

            adam.zero_grad();
            loss.backward();
            nn.utils.clip_grad_norm_(weights, options.MaxGradientNorm);
            adam.step();
            using var frozen = no_grad();
            averages.Zip(weights).ToList().ForEach(pair => pair.First.lerp_(pair.Second, 1 - options.EmaDecayAt(step)));
        }

        using var result = no_grad();
        weights.Zip(averages).ToList().ForEach(pair => pair.First.copy_(pair.Second));
        averages.ForEach(average => average.Dispose());
    }

    private double? LossOf(string run) => MetricsFile.Last(Path.Combine(_folder.File(run), "metrics.jsonl"), "loss");

    private TrainingOptions Options(string run) => new()
    {
        RunDirectory = _folder.File(run),
        Steps = 8,
        BatchSize = ToyTask.BatchSize,
        WarmupSteps = 2,
        LearningRate = 0.01,
        MaxGradientNorm = 0.1,
        CheckpointEvery = 100,
        EvaluateEvery = 100,
        UseBfloat16 = false,
    };
}
