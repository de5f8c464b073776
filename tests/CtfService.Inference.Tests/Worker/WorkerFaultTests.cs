using System.Diagnostics.Metrics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Worker;

/// <summary>Each call that the worker makes may throw: every image is answered, and nothing of it stays in the bookkeeping.</summary>
public sealed class WorkerFaultTests : IAsyncLifetime, IDisposable
{
    /// <summary>The clock of the service stands still, so an image that is forgotten would be waited for without end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FaultyGenerator _faulty;
    private readonly FakeImageGenerator _fake = new(FakeModels.Fruits);
    private readonly WorkerHost _host;
    private readonly MeterListener _listener = new();

    public WorkerFaultTests()
    {
        _faulty = new FaultyGenerator(_fake);
        _host = new WorkerHost(factory: new OneGenerator(_faulty));
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == _host.Meters && instrument.Name == "ctf.worker.steps")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => _faulty.Pass(CallPoint.Metrics));
        _listener.Start();
    }

    public static TheoryData<CallPoint, int> Calls()
    {
        var calls = new TheoryData<CallPoint, int>();
        foreach (var point in Enum.GetValues<CallPoint>())
        {
            for (var call = 1; call <= 6; call++)
            {
                calls.Add(point, call);
            }
        }

        return calls;
    }

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    public void Dispose()
    {
        _listener.Dispose();
        _fake.Dispose();
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Generate_OneCallThrows_AnswersEveryImageAndForgetsAll(CallPoint point, int call)
    {
        var asked = await AskInEveryState(() => _faulty.Arm(point, call));

        var errors = await Task.WhenAll(asked.Select(ErrorOf));

        Assert.All(errors, error => Assert.True(
            error is null or ModelNotReadyException or GenerationFailedException or OperationCanceledException, $"{error}"));
        _faulty.Disarm();
        await Repair();
        Assert.Single(await _host.AskFor(images: 1).WaitAsync(Patience));
        RequireIdle();
    }

    [Theory]
    [InlineData(CallPoint.Remove, 1)]
    [InlineData(CallPoint.FreeRows, 2)]
    [InlineData(CallPoint.Metrics, 1)]
    public async Task Generate_WorkerDies_SaysSoToRunningAndWaitingImages(CallPoint point, int call)
    {
        var asked = await AskInEveryState(() => _faulty.Arm(point, call));

        var errors = await Task.WhenAll(asked.Skip(1).Select(ErrorOf));

        Assert.True(_faulty.HasThrown);
        Assert.IsType<ModelStatus.Crashed>(_host.Current);
        Assert.All(errors, error => Assert.Equal(ModelStatus.Crashed.PublicReason, Assert.IsType<ModelNotReadyException>(error).Message));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Generate_OneImageIsNotTakenIn_FailsItsRequestAndNoOther(int call)
    {
        var asked = await AskInEveryState(() => _faulty.Arm(CallPoint.Admit, call));

        var errors = await Task.WhenAll(asked.Select(ErrorOf));

        Assert.True(_faulty.HasThrown);
        Assert.Single(errors.OfType<GenerationFailedException>());
        Assert.Equal(2, errors.Count(error => error is null)); // one caller has hung up
        Assert.IsType<ModelStatus.Ready>(_host.Current);
        RequireIdle();
    }

    [Fact]
    public async Task Generate_StepFailsAndTheImagesCannotBeRemoved_AnswersThemAllTheSame()
    {
        _fake.FailNextStep(new InvalidOperationException("broken kernel"));
        _faulty.Arm(CallPoint.Remove, 1);

        await Assert.ThrowsAsync<GenerationFailedException>(() => _host.AskFor(images: 3).WaitAsync(Patience));

        await Repair();
        RequireIdle();
    }

    [Fact]
    public async Task Stop_GeneratorCannotBeFreed_EndsTheWorker()
    {
        _faulty.Arm(CallPoint.Dispose, 1);

        await _host.Host.StopAsync(CancellationToken.None).WaitAsync(Patience);

        Assert.True(_faulty.HasThrown);
        Assert.True(_host.ModelRouter.Finished.IsCompletedSuccessfully);
    }

    /// <summary>
    /// Four rows: three images run, of which the first has lost its caller; one is admitted next; four wait in the scheduler's line or on the way to it.
    /// </summary>
    private async Task<IReadOnlyList<Task>> AskInEveryState(Action arm)
    {
        (_fake.Rows, _fake.StepsPerImage) = (4, 4);
        using var leaving = new CancellationTokenSource();
        using var first = _fake.HoldNextStep();
        using var second = _fake.HoldNextStep();
        var asked = new List<Task> { _host.AskFor(images: 1, leaving.Token) };
        await first.Entered;
        asked.Add(_host.AskFor(images: 2));
        first.Open();
        await second.Entered;
        asked.Add(_host.AskFor(images: 3));
        asked.Add(_host.AskFor(images: 2));
        await leaving.CancelAsync();
        arm();
        second.Open();
        return asked;
    }

    private static async Task<Exception?> ErrorOf(Task asked)
    {
        try
        {
            await asked.WaitAsync(Patience);
            return null;
        }
        // The test looks at it.
        catch (Exception error)
        {
            return error;
        }
    }

    /// <summary>What an operator does about a worker that has died.</summary>
    private async Task Repair()
    {
        if (_host.Current is ModelStatus.Crashed)
        {
            await _host.SwitchTo(_host.Other).WaitAsync(Patience);
            await _host.ModelRouter.Drained.WaitAsync(Patience);
        }
    }

    private void RequireIdle()
    {
        _host.Clock.Advance(TimeSpan.FromHours(1));
        Assert.False(_host.Stall.Check().IsStalled);
        Assert.Equal(new InFlightSnapshot(), _host.InFlight.Read());
    }
}
