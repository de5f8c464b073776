using CtfService.TestSupport;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;

namespace CtfService.Training.Tests.Optimization;

/// <summary>Tests what a killed or interrupted training leaves behind and how the next one uses it.</summary>
public sealed class TrainingCheckpointTests : IDisposable
{
    private const long Steps = 8;

    private readonly TemporaryFolder _folder = new();

    private string Checkpoint => _folder.File("checkpoint");

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
        var options = new TrainingOptions { RunDirectory = _folder.Root, Steps = Steps, CheckpointEvery = 100, EvaluateEvery = 100, UseBfloat16 = false };
        new TrainingLoop(options, task, NoProgress.Instance).Run(resume, cancellation);
    }
}
