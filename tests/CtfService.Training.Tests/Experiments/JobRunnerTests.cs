using System.Text.Json.Nodes;
using CtfService.TestSupport;
using CtfService.Training.Experiments;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Progress;

namespace CtfService.Training.Tests.Experiments;

public sealed class JobRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _done = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_Jobs_RunsEachOnceAndAfterItsDependencies()
    {
        var first = Job("first", 1);
        var second = Job("second", 1, first);

        Run(first, second);
        Run(first, second);

        Assert.Equal(["first", "second"], _done);
        Assert.Equal(7, (int)new JobFolder(_folder.Root, second).Read()!.Result["answer"]!);
    }

    [Fact]
    public void Run_StoppedInAJob_ResumesWithThatJob()
    {
        var first = Job("first", 1);
        var stopped = new FakeJob("second", 1, [first], _ => throw new OperationCanceledException());

        Assert.Throws<OperationCanceledException>(() => Run(first, stopped));
        Run(first, Job("second", 1, first));

        Assert.Equal(["first", "second"], _done);
    }

    [Fact]
    public void Run_SettingChanged_NamesItAndRunsNothing()
    {
        Run(Job("first", 1));

        var refusal = Assert.Throws<InvalidDataException>(() => Run(Job("first", 2), Job("other", 1)));

        Assert.Contains("first: steps was 1, is 2", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["first"], _done);
    }

    [Fact]
    public void Run_DependencyChanged_NamesTheJobsThatNeedIt()
    {
        var first = Job("first", 1);
        Run(first, Job("second", 1, first));
        var changed = Job("first", 2);

        var refusal = Assert.Throws<InvalidDataException>(() => Run(changed, Job("second", 1, changed)));

        Assert.Contains("second: first changed", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_RedoChanged_RerunsTheJobAndItsDependents()
    {
        var (first, other) = (Job("first", 1), Job("other", 1));
        Run(first, other, Job("second", 1, first));
        _done.Clear();
        var changed = Job("first", 2);

        Run(redo: true, changed, other, Job("second", 1, changed));

        Assert.Equal(["first", "second"], _done);
    }

    [Fact]
    public void Run_JobOfAnotherProcess_WaitsUntilItIsReleased()
    {
        var (taken, free) = (Job("taken", 1), Job("free", 1));
        var claim = new JobFolder(_folder.Root, taken).TryClaim()!;
        var last = new FakeJob("last", 1, [free], _ => claim.Dispose()); // the other process ends

        Run(taken, free, last);

        Assert.Equal(["free", "taken"], _done);
    }

    [Fact]
    public void Run_MeasurementOfSpeed_WaitsUntilEverythingBeforeItIsFinished()
    {
        var (taken, free) = (Job("taken", 1), Job("free", 1));
        var claim = new JobFolder(_folder.Root, taken).TryClaim()!;
        var speed = new FakeJob("speed", 1, [], _done.Add) { RequiresIdleMachine = true };
        var last = new FakeJob("last", 1, [free], _ => claim.Dispose());

        Run(taken, free, speed, last);

        Assert.Equal(["free", "taken", "speed"], _done);
    }

    private FakeJob Job(string name, int steps, params IReadOnlyList<ExperimentJob> needs) => new(name, steps, needs, _done.Add);

    private void Run(params IReadOnlyList<ExperimentJob> jobs) => Run(redo: false, jobs);

    private void Run(bool redo, params IReadOnlyList<ExperimentJob> jobs)
    {
        using var inputs = new ExperimentInputs("no data", imageSize: 16, maxPixels: 256, CancellationToken.None);
        new JobRunner(_folder.Root, jobs, inputs, new Unseen(), TimeProvider.System).Run(redo, CancellationToken.None);
    }

    private sealed class FakeJob(string name, int steps, IReadOnlyList<ExperimentJob> needs, Action<string> work)
        : ExperimentJob(name, new Dictionary<string, object> { ["steps"] = steps }, needs)
    {
        public override JsonObject Run(JobRun run)
        {
            work(Name);
            return new JsonObject { ["answer"] = 7 };
        }
    }

    private sealed class Unseen : IExperimentProgress
    {
        public void Run(string job, int number, int count, Action<ITrainingProgress> work) => work(NoProgress.Instance);
    }
}
