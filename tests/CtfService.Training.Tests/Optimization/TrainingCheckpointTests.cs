using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.TestSupport;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Optimization;

/// <summary>Tests what a killed or interrupted training leaves behind and how the next one uses it.</summary>
public sealed class TrainingCheckpointTests : IDisposable
{
    private const long Steps = 8;

    private readonly TemporaryFolder _folder = new();

    private string Checkpoint => _folder.File("checkpoint");

    private TrainingOptions Options => new()
    {
        RunDirectory = _folder.Root,
        Steps = Steps,
        BatchSize = ToyTask.BatchSize,
        CheckpointEvery = 100,
        EvaluateEvery = 100,
        UseBfloat16 = false,
    };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_CancelledWhileItWaitsForABatch_SavesTheStepsBefore()
    {
        using var stopped = new ToyTask(cancelAt: 6, waiting: true);

        Assert.Throws<WorkStoppedException>(() => Run(stopped, resume: false, stopped.Cancellation));

        Assert.Equal(6, Resumed());
    }

    [Fact]
    public void Run_KilledBetweenTheTwoMoves_ResumesFromTheNewCheckpoint()
    {
        Stop(at: 5);
        Directory.Move(Checkpoint, Checkpoint + ".next");
        Directory.CreateDirectory(Checkpoint + ".old");

        Assert.Equal(6, Resumed());
    }

    [Fact]
    public void Run_OldCheckpointAlone_ResumesFromIt()
    {
        Stop(at: 5);
        Directory.Move(Checkpoint, Checkpoint + ".old");

        Assert.Equal(6, Resumed());
    }

    [Theory]
    [InlineData(".old")]
    [InlineData(".next")]
    public void Run_LeftoverFolder_DoesNotDisturbLaterSaves(string suffix)
    {
        Stop(at: 5);
        Directory.CreateDirectory(Checkpoint + suffix);
        File.WriteAllText(Path.Combine(Checkpoint + suffix, "weights.safetensors"), "torn");

        Assert.Equal(6, Resumed());
        Assert.Equal(Steps, TrainingCheckpoint.FinishedSteps(_folder.Root));
        Assert.False(Directory.Exists(Checkpoint + suffix));
    }

    [Fact]
    public void Run_KeepsThreeCheckpoints_HasTheLastThree()
    {
        Finish(Options with { CheckpointEvery = 2, KeepCheckpoints = 3 }, resume: false);

        Assert.Equal(8, TrainingCheckpoint.FinishedSteps(_folder.Root));
        Assert.Equal(["0000004", "0000006"], Earlier());
    }

    [Fact]
    public void Run_ResumedWithFewerCheckpointsToKeep_DeletesTheOldest()
    {
        Finish(Options with { Steps = 6, CheckpointEvery = 2, KeepCheckpoints = 3 }, resume: false);

        Finish(Options with { CheckpointEvery = 2, KeepCheckpoints = 2 }, resume: true);

        Assert.Equal(["0000006"], Earlier());
    }

    [Fact]
    public void Run_EarlierCheckpointInPlaceOfTheLast_ResumesThereToTheSameWeights()
    {
        var straight = Finish(Options with { CheckpointEvery = 2, KeepCheckpoints = 4 }, resume: false);
        Directory.Delete(Checkpoint, recursive: true);
        Directory.Move(_folder.File(Path.Combine("checkpoints", "0000004")), Checkpoint);

        using var resumed = new ToyTask(cancelAt: null);
        Run(resumed, resume: true, CancellationToken.None);

        Assert.Equal(4, resumed.FirstStep);
        Assert.Equal(straight, resumed.Weights());
    }

    [Fact]
    public void Run_MomentsInTheFormatOfEarlierVersions_ResumesToTheSameWeights()
    {
        using var straight = new ToyTask(cancelAt: null);
        Run(straight, resume: false, CancellationToken.None);
        using var stopped = new ToyTask(cancelAt: 3);
        Assert.Throws<WorkStoppedException>(() => Run(stopped, resume: false, stopped.Cancellation));
        WriteOldMoments(stopped);

        using var resumed = new ToyTask(cancelAt: null);
        Run(resumed, resume: true, CancellationToken.None);

        Assert.Equal(4, resumed.FirstStep);
        Assert.Equal(straight.Weights(), resumed.Weights());
    }

    [Fact]
    public void Run_CheckpointWithoutMoments_SaysWhatToDo()
    {
        Stop(at: 5);
        File.Delete(Path.Combine(Checkpoint, "optimizer.safetensors"));

        using var resumed = new ToyTask(cancelAt: null);
        var error = Assert.Throws<CheckpointException>(() => Run(resumed, resume: true, CancellationToken.None));

        Assert.Contains("optimizer.safetensors", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Replaces the moments of the checkpoint by the same ones in TorchSharp's format.</summary>
    private void WriteOldMoments(ToyTask task)
    {
        using var scope = NewDisposeScope();
        var weights = task.Module.parameters().ToList();
        using var adam = optim.AdamW([
            new AdamW.ParamGroup(weights.Where(weight => weight.ndim >= 2), new AdamW.Options { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0.05 }),
            new AdamW.ParamGroup(weights.Where(weight => weight.ndim < 2), new AdamW.Options { beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0 }),
        ]);
        using (var file = SafetensorsFile.Open(Path.Combine(Checkpoint, "optimizer.safetensors")))
        {
            string[] names = ["0.weight", "3.weight", "0.bias", "3.bias"];
            foreach (var (name, state) in names.Zip(adam.state_dict().State.Cast<AdamW.State>()))
            {
                state.step = 4;
                state.exp_avg.copy_(file.Read($"first/{name}"));
                state.exp_avg_sq.copy_(file.Read($"second/{name}"));
            }
        }

        adam.save_state_dict(Path.Combine(Checkpoint, "optimizer.bin"));
        File.Delete(Path.Combine(Checkpoint, "optimizer.safetensors"));
    }

    private static float[] Finish(TrainingOptions options, bool resume)
    {
        using var task = new ToyTask(cancelAt: null);
        new TrainingLoop(options, task, NoProgress.Instance).Run(resume, CancellationToken.None);
        return task.Weights();
    }

    private IEnumerable<string?> Earlier() => Directory.EnumerateDirectories(_folder.File("checkpoints")).Select(Path.GetFileName).Order();

    private void Stop(long at)
    {
        using var stopped = new ToyTask(at);
        Assert.Throws<WorkStoppedException>(() => Run(stopped, resume: false, stopped.Cancellation));
    }

    /// <summary>Returns the first step of a resumed run.</summary>
    private long? Resumed()
    {
        using var resumed = new ToyTask(cancelAt: null);
        Run(resumed, resume: true, CancellationToken.None);
        return resumed.FirstStep;
    }

    private void Run(ToyTask task, bool resume, CancellationToken cancellation)
    {
        new TrainingLoop(Options, task, NoProgress.Instance).Run(resume, cancellation);
    }
}
