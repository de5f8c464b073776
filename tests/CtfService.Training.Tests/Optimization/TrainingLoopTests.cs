using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;

namespace CtfService.Training.Tests.Optimization;

public sealed class TrainingLoopTests
{
    private const long Steps = 12;

    [Fact]
    public void Run_InterruptedAndResumed_GivesTheWeightsOfAnUninterruptedRun()
    {
        using var folder = new TemporaryFolder();
        using var straight = new ToyTask(cancelAt: null);
        using var interrupted = new ToyTask(cancelAt: 7);
        using var resumed = new ToyTask(cancelAt: null);

        new TrainingLoop(Options(folder, "straight"), straight, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        Assert.Throws<WorkStoppedException>(() =>
            new TrainingLoop(Options(folder, "halves"), interrupted, NoProgress.Instance).Run(resume: false, interrupted.Cancellation));
        new TrainingLoop(Options(folder, "halves"), resumed, NoProgress.Instance).Run(resume: true, CancellationToken.None);

        Assert.Equal(8, resumed.FirstStep);
        Assert.Equal(straight.Weights(), resumed.Weights());
    }

    [Fact]
    public void Run_BatchCannotBeRead_SavesTheStepsBeforeIt()
    {
        using var folder = new TemporaryFolder();
        using var straight = new ToyTask(cancelAt: null);
        using var failing = new ToyTask(cancelAt: null) { UnreadableAt = 7 };
        using var resumed = new ToyTask(cancelAt: null);

        new TrainingLoop(Options(folder, "straight"), straight, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        var error = Assert.Throws<IOException>(() =>
            new TrainingLoop(Options(folder, "run"), failing, NoProgress.Instance).Run(resume: false, CancellationToken.None));
        new TrainingLoop(Options(folder, "run"), resumed, NoProgress.Instance).Run(resume: true, CancellationToken.None);

        Assert.Equal("The disk is away.", error.Message);
        Assert.Equal(7, resumed.FirstStep);
        Assert.Equal(straight.Weights(), resumed.Weights());
    }

    [Fact]
    public void Run_Finished_WritesMetricsOfEveryReport()
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null);

        new TrainingLoop(Options(folder, "run"), task, NoProgress.Instance).Run(resume: false, CancellationToken.None);

        var lines = File.ReadAllLines(Path.Combine(folder.Root, "run", "metrics.jsonl"));
        Assert.Contains(lines, line => line.Contains("\"loss\"", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("\"evaluated\":1", StringComparison.Ordinal));
    }

    public static TheoryData<string, Func<TrainingOptions, TrainingOptions>> OutOfRange => new()
    {
        { "learning_rate is 0, expected above 0, up to 1", options => options with { LearningRate = 0 } },
        { "learning_rate is -0.1", options => options with { LearningRate = -0.1 } },
        { "learning_rate is 6", options => options with { LearningRate = 6 } },
        { "learning_rate is NaN", options => options with { LearningRate = double.NaN } },
        { "steps is 0", options => options with { Steps = 0 } },
        { "batch_size is 0", options => options with { BatchSize = 0 } },
        { "accumulate is 9, expected 1 to 8", options => options with { Accumulate = 9 } },
        { "accumulate is 0", options => options with { Accumulate = 0 } },
        { "keep_checkpoints is 0", options => options with { KeepCheckpoints = 0 } },
        { "sample_every is 0", options => options with { SampleEvery = 0 } },
        { "warmup_steps is -1", options => options with { WarmupSteps = -1 } },
        { "checkpoint_every is 0", options => options with { CheckpointEvery = 0 } },
        { "evaluate_every is 0", options => options with { EvaluateEvery = 0 } },
        { "ema_decay is 2", options => options with { EmaDecay = 2 } },
        { "weight_decay is -1", options => options with { WeightDecay = -1 } },
        { "max_gradient_norm is 0", options => options with { MaxGradientNorm = 0 } },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Create_OptionOutOfRange_Throws(string problem, Func<TrainingOptions, TrainingOptions> change)
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null);

        var error = Assert.Throws<ArgumentException>(() => new TrainingLoop(change(Options(folder, "run")), task, NoProgress.Instance));

        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(9, 1)]
    [InlineData(10, 1)]
    [InlineData(110, 0.02)]
    public void LearningRateAt_Schedule_RisesThenFallsToItsShare(long step, double expected)
    {
        var options = new TrainingOptions { RunDirectory = "unused", Steps = 110, WarmupSteps = 10, LearningRate = 1 };

        Assert.Equal(expected, options.LearningRateAt(step), 6);
    }

    [Fact]
    public void LearningRateAt_FinalShareIsOne_StaysAtItsPeakAfterTheWarmup()
    {
        var options = new TrainingOptions { RunDirectory = "unused", Steps = 110, WarmupSteps = 10, LearningRate = 1, FinalLearningRateShare = 1 };

        Assert.All(Enumerable.Range(10, 100), step => Assert.Equal(1, options.LearningRateAt(step)));
    }

    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(90, 0.91)]
    [InlineData(100_000, 0.998)]
    public void EmaDecayAt_Step_RisesToItsLimit(long step, double expected)
    {
        var options = new TrainingOptions { RunDirectory = "unused" };

        Assert.Equal(expected, options.EmaDecayAt(step), 6);
    }

    [Fact]
    public void Run_SnapshotSteps_HandsOutWhatARunOfThatLengthDelivers()
    {
        using var folder = new TemporaryFolder();
        using var whole = new ToyTask(cancelAt: null);
        using var half = new ToyTask(cancelAt: null);
        var snapshots = new List<(long Step, float[] Weights)>();
        var options = Options(folder, "whole") with { FinalLearningRateShare = 1, SnapshotSteps = [6] };

        new TrainingLoop(options, whole, NoProgress.Instance, step => snapshots.Add((step, whole.Weights()))).Run(resume: false, CancellationToken.None);
        new TrainingLoop(Options(folder, "half") with { FinalLearningRateShare = 1, Steps = 6 }, half, NoProgress.Instance)
            .Run(resume: false, CancellationToken.None);

        var snapshot = Assert.Single(snapshots);
        Assert.Equal(6, snapshot.Step);
        Assert.Equal(half.Weights(), snapshot.Weights);
    }

    [Fact]
    public void Run_EarlyStop_EndsAfterTheBestEvaluationAndDeliversItsWeights()
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null) { Costs = [5, 3, 4, 4, 1, 1] };
        using var best = new ToyTask(cancelAt: null);
        var options = Options(folder, "early") with { EvaluateEvery = 2, EarlyStop = 2, FinalLearningRateShare = 1 };

        new TrainingLoop(options, task, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        new TrainingLoop(Options(folder, "best") with { Steps = 4, FinalLearningRateShare = 1 }, best, NoProgress.Instance)
            .Run(resume: false, CancellationToken.None);

        Assert.Equal(8, TrainingCheckpoint.FinishedSteps(folder.File("early"))); // best at 4, two evaluations later
        Assert.Equal(best.Weights(), task.Weights());
    }

    [Fact]
    public void Run_EarlyStopInterruptedAndResumed_StopsWhereAnUninterruptedRunDoes()
    {
        using var folder = new TemporaryFolder();
        using var interrupted = new ToyTask(cancelAt: 5) { Costs = [5, 3, 4, 4, 1, 1] };
        using var resumed = new ToyTask(cancelAt: null) { Costs = [5, 3, 4, 4, 1, 1] };
        var options = Options(folder, "run") with { EvaluateEvery = 2, EarlyStop = 2 };

        var stopped = Assert.Throws<WorkStoppedException>(
            () => new TrainingLoop(options, interrupted, NoProgress.Instance).Run(resume: false, interrupted.Cancellation));
        new TrainingLoop(options, resumed, NoProgress.Instance).Run(resume: true, CancellationToken.None);

        Assert.StartsWith("Stopped after 6 of 12 steps; the checkpoint is saved in ", stopped.Message, StringComparison.Ordinal);
        Assert.Equal(8, TrainingCheckpoint.FinishedSteps(folder.File("run")));
    }

    [Fact]
    public void Run_EarlyStopResumedAfterItStopped_TrainsNoFurther()
    {
        using var folder = new TemporaryFolder();
        using var stopped = new ToyTask(cancelAt: null) { Costs = [5, 3, 4, 4, 1, 1] };
        using var resumed = new ToyTask(cancelAt: null) { Costs = [5, 3, 4, 4, 1, 1] };
        var options = Options(folder, "run") with { EvaluateEvery = 2, EarlyStop = 2 };

        new TrainingLoop(options, stopped, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        new TrainingLoop(options, resumed, NoProgress.Instance).Run(resume: true, CancellationToken.None);

        Assert.Null(resumed.FirstStep);
        Assert.Equal(stopped.Weights(), resumed.Weights());
    }

    [Fact]
    public void Run_FinishedRunResumedWithEarlyStop_DeliversItsWeights()
    {
        using var folder = new TemporaryFolder();
        using var finished = new ToyTask(cancelAt: null) { Costs = [5, 5, 5, 5, 5, 1] };
        using var resumed = new ToyTask(cancelAt: null) { Costs = [1, 1, 1, 1, 1, 1] };

        new TrainingLoop(Options(folder, "run"), finished, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        new TrainingLoop(Options(folder, "run") with { EarlyStop = 1 }, resumed, NoProgress.Instance).Run(resume: true, CancellationToken.None);

        Assert.Null(resumed.FirstStep);
        Assert.Equal(finished.Weights(), resumed.Weights());
    }

    [Fact]
    public void Run_WithoutEarlyStop_KeepsTheBestWeightsBesideTheLast()
    {
        using var folder = new TemporaryFolder();
        using var whole = new ToyTask(cancelAt: null) { Costs = [5, 1, 3, 4, 4, 4] };
        using var best = new ToyTask(cancelAt: null);
        var options = Options(folder, "run") with { EvaluateEvery = 2, FinalLearningRateShare = 1 };

        new TrainingLoop(options, whole, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        new TrainingLoop(Options(folder, "best") with { Steps = 4, FinalLearningRateShare = 1 }, best, NoProgress.Instance)
            .Run(resume: false, CancellationToken.None);

        using var kept = SafetensorsFile.Open(Path.Combine(folder.File("run"), "best.safetensors"));
        Assert.Equal("4", kept.Metadata["finished_steps"]);
        using var weight = kept.Read("0.weight");
        Assert.Equal(best.Weights()[..32], weight.data<float>().ToArray());
        Assert.NotEqual(best.Weights(), whole.Weights());
    }

    [Fact]
    public void Run_Restarted_DiscardsTheBestOfTheEarlierRun()
    {
        using var folder = new TemporaryFolder();
        using var earlier = new ToyTask(cancelAt: null) { Costs = [1, 2, 3, 3, 3, 3] };
        using var anew = new ToyTask(cancelAt: null) { Costs = [9, 9, 8, 9, 9, 9] };
        var options = Options(folder, "run") with { EvaluateEvery = 2 };

        new TrainingLoop(options, earlier, NoProgress.Instance).Run(resume: false, CancellationToken.None);
        new TrainingLoop(options, anew, NoProgress.Instance).Run(resume: false, CancellationToken.None);

        using var kept = SafetensorsFile.Open(Path.Combine(folder.File("run"), "best.safetensors"));
        Assert.Equal("6", kept.Metadata["finished_steps"]);
    }

    [Theory]
    [InlineData(null, new[] { "0000006", "0000012" })]
    [InlineData(5L, new[] { "0000005", "0000010", "0000012" })]
    public void Run_SampleEvery_WritesSheetsAtThoseSteps(long? every, string[] sheets)
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null);

        new TrainingLoop(Options(folder, "run") with { SampleEvery = every }, task, NoProgress.Instance).Run(resume: false, CancellationToken.None);

        Assert.Equal(sheets, task.Sheets);
    }

    [Fact]
    public void Run_Reports_HaveGradientNormLearningRateAndSpeed()
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null);

        new TrainingLoop(Options(folder, "run"), task, NoProgress.Instance).Run(resume: false, CancellationToken.None);

        var lines = File.ReadLines(Path.Combine(folder.Root, "run", "metrics.jsonl"));
        var report = lines.First(line => line.Contains("\"loss\"", StringComparison.Ordinal));
        Assert.Matches("\"images_per_second\":[0-9.]+,\"learning_rate\":0\\.00[0-9]+,\"gradient_norm\":[0-9.]+,\"loss\":", report);
    }

    [Fact]
    public void Run_ResumedOnOtherImages_DiscardsCostsOfTheFirstOnes()
    {
        using var folder = new TemporaryFolder();
        using var earlier = new ToyTask(cancelAt: 3) { Costs = [1, 1, 1, 1, 1, 1] };
        using var resumed = new ToyTask(cancelAt: null) { Costs = [9, 9, 9, 8, 7, 6] };
        var options = Options(folder, "run") with { EvaluateEvery = 2, EarlyStop = 2, MadeFrom = PartRecord.Of(PartRecord.Data, "cats"), AcceptChanges = true };

        Assert.Throws<WorkStoppedException>(() => new TrainingLoop(options, earlier, NoProgress.Instance).Run(resume: false, earlier.Cancellation));
        new TrainingLoop(options with { MadeFrom = PartRecord.Of(PartRecord.Data, "dogs") }, resumed, NoProgress.Instance)
            .Run(resume: true, CancellationToken.None);

        Assert.Equal(12, TrainingCheckpoint.FinishedSteps(folder.File("run")));
    }

    [Theory]
    [InlineData(5, "the loss 'loss' is NaN at step 6", "The checkpoint of step 4 is kept.")]
    [InlineData(2, "the loss 'loss' is NaN at step 3", "There is no earlier checkpoint.")]
    public void Run_LossIsNotFinite_StopsWithStepAndPartAndKeepsTheLastCheckpoint(long step, string figure, string kept)
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null) { BreaksAt = step, Break = loss => loss * double.NaN };

        var exception = Assert.Throws<TrainingDivergedException>(
            () => new TrainingLoop(Options(folder, "coarse"), task, NoProgress.Instance).Run(resume: false, CancellationToken.None));

        Assert.Contains($"coarse: {figure}, so the run stopped. {kept}", exception.Message, StringComparison.Ordinal);
        Assert.All(task.Weights(), weight => Assert.True(float.IsFinite(weight)));
        Assert.Equal(step / 4 * 4, TrainingCheckpoint.FinishedSteps(folder.File("coarse")));
    }

    [Fact]
    public void Run_GradientIsNotFinite_StopsBeforeTheWeightsMove()
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null) { BreaksAt = 5, Break = loss => (loss - loss.detach()).sqrt() };

        var exception = Assert.Throws<TrainingDivergedException>(
            () => new TrainingLoop(Options(folder, "coarse"), task, NoProgress.Instance).Run(resume: false, CancellationToken.None));

        const string Expected = "coarse: the gradient of '3.bias' is infinite at step 6, so the run stopped. The checkpoint of step 4 is kept.";
        Assert.StartsWith(Expected, exception.Message, StringComparison.Ordinal);
        Assert.All(task.Weights(), weight => Assert.True(float.IsFinite(weight)));
    }

    [Fact]
    public void Run_WeightsAreNotFiniteAtACheckpoint_KeepsTheLastGoodOne()
    {
        using var folder = new TemporaryFolder();
        using var task = new ToyTask(cancelAt: null) { WeightsBreakAt = 7 };

        var exception = Assert.Throws<CheckpointException>(
            () => new TrainingLoop(Options(folder, "coarse"), task, NoProgress.Instance).Run(resume: false, CancellationToken.None));

        Assert.Contains("contains NaN or infinity as F32", exception.Message, StringComparison.Ordinal);
        Assert.Equal(4, TrainingCheckpoint.FinishedSteps(folder.File("coarse")));
    }

    private static TrainingOptions Options(TemporaryFolder folder, string run) => new()
    {
        RunDirectory = Path.Combine(folder.Root, run),
        Steps = Steps,
        BatchSize = ToyTask.BatchSize,
        WarmupSteps = 3,
        LearningRate = 0.01,
        CheckpointEvery = 4,
        EvaluateEvery = 6,
        UseBfloat16 = false,
    };
}
