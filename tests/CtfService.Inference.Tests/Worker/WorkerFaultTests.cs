using System.Diagnostics.Metrics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Worker;

/// <summary>Any call of the worker may throw: every image still ends, and the counters return to zero.</summary>
public sealed class WorkerFaultTests : IAsyncLifetime, IDisposable
{
    /// <summary>Fails a test that would otherwise wait forever for a lost image, because the clock of the service does not move.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

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
    public async Task Generate_OneCallThrows_EndsEveryImageAndResetsTheCounters(CallPoint point, int call)
    {
        var requests = await GenerateInEveryState(() => _faulty.Arm(point, call));

        var errors = await Task.WhenAll(requests.Select(ErrorOf));

        Assert.All(errors, error => Assert.True(
            error is null or ModelNotReadyException or GenerationFailedException or OperationCanceledException, $"{error}"));
        _faulty.Disarm();
        await Repair();
        Assert.Single(await _host.Generate(images: 1).WaitAsync(Timeout));
        RequireIdle();
    }

    [Theory]
    [InlineData(CallPoint.Remove, 1)]
    [InlineData(CallPoint.FreeRows, 2)]
    [InlineData(CallPoint.Metrics, 1)]
    public async Task Generate_WorkerCrashes_FailsRunningAndWaitingImages(CallPoint point, int call)
    {
        var requests = await GenerateInEveryState(() => _faulty.Arm(point, call));

        var errors = await Task.WhenAll(requests.Skip(1).Select(ErrorOf));

        Assert.True(_faulty.HasThrown);
        Assert.IsType<ModelStatus.Crashed>(_host.Current);
        Assert.All(errors, error => Assert.Equal(ModelStatus.Crashed.PublicReason, Assert.IsType<ModelNotReadyException>(error).Message));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Generate_OneImageIsNotAdmitted_FailsItsRequestOnly(int call)
    {
        var requests = await GenerateInEveryState(() => _faulty.Arm(CallPoint.Admit, call));

        var errors = await Task.WhenAll(requests.Select(ErrorOf));

        Assert.True(_faulty.HasThrown);
        Assert.Single(errors.OfType<GenerationFailedException>());
        Assert.Equal(2, errors.Count(error => error is null)); // one caller has hung up
        Assert.IsType<ModelStatus.Ready>(_host.Current);
        RequireIdle();
    }

    [Fact]
    public async Task Generate_StepFailsAndTheImagesCannotBeRemoved_StillEndsThem()
    {
        _fake.FailNextStep(new InvalidOperationException("broken kernel"));
        _faulty.Arm(CallPoint.Remove, 1);

        await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 3).WaitAsync(Timeout));

        await Repair();
        RequireIdle();
    }

    [Fact]
    public async Task Stop_GeneratorCannotBeFreed_EndsTheWorker()
    {
        _faulty.Arm(CallPoint.Dispose, 1);

        await _host.Host.StopAsync(CancellationToken.None).WaitAsync(Timeout);

        Assert.True(_faulty.HasThrown);
        Assert.True(_host.ModelRouter.Finished.IsCompletedSuccessfully);
    }

    /// <summary>
    /// Requests images in every state, with four rows: three run, the caller of the first has hung up, one is admitted next, and four wait.
    /// </summary>
    private async Task<IReadOnlyList<Task>> GenerateInEveryState(Action arm)
    {
        (_fake.Rows, _fake.StepsPerImage) = (4, 4);
        using var leaving = new CancellationTokenSource();
        using var first = _fake.HoldNextStep();
        using var second = _fake.HoldNextStep();
        var requests = new List<Task> { _host.Generate(images: 1, leaving.Token) };
        await first.Entered;
        requests.Add(_host.Generate(images: 2));
        first.Open();
        await second.Entered;
        requests.Add(_host.Generate(images: 3));
        requests.Add(_host.Generate(images: 2));
        await leaving.CancelAsync();
        arm();
        second.Open();
        return requests;
    }

    private static async Task<Exception?> ErrorOf(Task request)
    {
        try
        {
            await request.WaitAsync(Timeout);
            return null;
        }
        // The test checks the exception.
        catch (Exception error)
        {
            return error;
        }
    }

    /// <summary>Switches to another model after a crash, as an operator would.</summary>
    private async Task Repair()
    {
        if (_host.Current is ModelStatus.Crashed)
        {
            await _host.SwitchTo(_host.Other).WaitAsync(Timeout);
            await _host.ModelRouter.Drained.WaitAsync(Timeout);
        }
    }

    private void RequireIdle()
    {
        _host.Clock.Advance(TimeSpan.FromHours(1));
        Assert.False(_host.Stall.Check().IsStalled);
        Assert.Equal(new InFlightSnapshot(), _host.InFlight.Read());
    }
}
