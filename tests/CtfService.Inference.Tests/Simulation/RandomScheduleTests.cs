using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Worker;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>
/// Random arrivals of both priorities, hang-ups, failed steps and lack of memory. The rules hold at every step, and no image is lost or changed.
/// </summary>
public sealed class RandomScheduleTests : IDisposable
{
    private const int Rows = 8;
    private const int InteractiveRows = 3;

    private readonly TestMeters _meters = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly FakeImageGenerator _generator = new(FakeModels.Fruits) { Rows = Rows, StepsPerImage = 4 };
    private readonly InFlightImages _inFlight;
    private readonly InferenceQueue _queue;
    private readonly AdmissionScheduler _scheduler;
    private readonly ImageRunner _runner;
    private readonly List<Submitted> _submitted = [];

    public RandomScheduleTests()
    {
        var options = new InferenceOptions { MaxBatchRows = Rows, InteractiveRows = InteractiveRows, MaxQueuedImages = 100_000, MaxFailedSteps = 1_000 };
        var (state, estimator) = (new ModelState(_clock), new StageCostEstimator());
        state.BecomeReady(_generator.Model);
        _inFlight = new InFlightImages(_clock);
        var metrics = new InferenceMetrics(_meters, _inFlight, options.MaxQueuedImages);
        _scheduler = new AdmissionScheduler(_clock);
        _queue = new InferenceQueue(options, state, _scheduler, estimator, metrics, _clock);
        var share = new DeviceShare(new DeviceState("cpu"), estimator);
        _scheduler.Join(share);
        _runner = new ImageRunner(
            new StepReceivers(estimator, new StepCircuitBreaker(state, options), metrics), share, InteractiveRows, _clock, NullLogger<ImageRunner>.Instance);
        _runner.Begin(metrics.GeneratorStarted("cpu", Rows));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Step_RandomSchedule_KeepsTheRulesAndEveryImage(int seed)
    {
        var random = new Random(seed);
        for (var step = 0; step < 2_000; step++)
        {
            Happen(random);
            Step();
        }

        while (_inFlight.Read() is { Waiting: > 0 } or { Running: > 0 } or { BulkWaiting: > 0 } or { BulkRunning: > 0 })
        {
            Step();
        }

        Assert.Equal(0, _generator.ImageCount);
        Assert.Equal(Rows, _generator.FreeRows);
        foreach (var submitted in _submitted)
        {
            await RequireOutcome(submitted);
        }
    }

    public void Dispose() => _meters.Dispose();

    private void Happen(Random random)
    {
        var rare = random.Next(60);
        if (rare < 6)
        {
            Submit(random, random.Next(1, 4), ImagePriority.Interactive);
        }
        else if (rare < 8)
        {
            Submit(random, random.Next(1, 20), ImagePriority.Bulk);
        }
        else if (rare == 8 && _submitted.Count > 0)
        {
            _submitted[random.Next(Math.Max(0, _submitted.Count - 5), _submitted.Count)].Caller.Cancel();
        }
        else if (rare == 9)
        {
            _generator.RunOutOfMemoryAtStep = 1;
        }
        else if (rare == 10)
        {
            _generator.FailNextStep(new InvalidOperationException("broken kernel"));
        }
    }

    private void Submit(Random random, int count, ImagePriority priority)
    {
        ImageSpecification[] images = [.. Enumerable.Range(0, count).Select(_ => priority == ImagePriority.Bulk ? Bulk(random) : Interactive(random))];
        var caller = new CancellationTokenSource();
        var submission = new ImageSubmission(images, RequestDeadline.None) { Priority = priority };
        _submitted.Add(new Submitted(images, caller, _queue.GenerateAsync(submission, caller.Token)));
    }

    /// <summary>Does what the worker does, and checks the step.</summary>
    private void Step()
    {
        _scheduler.DropUnwanted();
        _runner.RemoveUnwanted(_generator);
        _runner.AdmitWaiting(_generator, _scheduler);
        if (_runner.Count == 0)
        {
            return;
        }

        var before = _inFlight.Read();
        var bulk = _generator.RowsBelow(ImagePriority.Batch);
        Assert.True(bulk <= Rows - InteractiveRows, $"{bulk} rows of bulk images");
        Assert.False(before.Waiting > 0 && before.Running == 0, "Interactive images wait, and none runs.");
        _runner.Step(_generator, _scheduler, CancellationToken.None);

        var step = _generator.Steps[^1];
        Assert.NotEmpty(step);
        Assert.All(step, image => Assert.Equal(before.Running == 0, IsBulk(image)));
    }

    private static async Task RequireOutcome(Submitted submitted)
    {
        try
        {
            var finished = await submitted.Finished;
            Assert.Equal(submitted.Images, finished.Select(image => image.Image.Specification));
            Assert.All(finished, image => Assert.Equal(Alone(image.Image.Specification), image.Image.Image.Pixels));
        }
        catch (Exception error) when (error is GenerationFailedException or OutOfDeviceMemoryException or OperationCanceledException)
        {
            Assert.True(error is not OperationCanceledException || submitted.Caller.IsCancellationRequested);
        }
    }

    private static byte[] Alone(ImageSpecification image)
    {
        var generator = new FakeImageGenerator(FakeModels.Fruits);
        return generator.Generate([image], CancellationToken.None)[0].Image.Pixels;
    }

    /// <summary>Bulk images have odd seeds.</summary>
    private static bool IsBulk(ImageSpecification image) => image.Seed % 2 == 1;

    private static ImageSpecification Bulk(Random random) => Any(random, (2 * (ulong)random.NextInt64(1 << 40)) + 1);

    private static ImageSpecification Interactive(Random random) => Any(random, 2 * (ulong)random.NextInt64(1 << 40));

    private static ImageSpecification Any(Random random, ulong seed) => random.Next(4) switch
    {
        0 => Jobs.GuidedImage(seed),
        1 => Jobs.Image(seed) with { Layout = new LayoutSource.Given([.. new int[FakeModels.Fruits.TokenCount]]) },
        _ => Jobs.Image(seed),
    };

    private sealed record Submitted(ImageSpecification[] Images, CancellationTokenSource Caller, Task<IReadOnlyList<InferenceEvent.Finished>> Finished);
}
