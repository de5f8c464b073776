using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Worker;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Simulation;

/// <summary>Queue, scheduler and runner with a simulated device. Each step runs on the thread of the test.</summary>
internal sealed class SimulatedInstance : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly InferenceOptions _options = new() { RequestTimeout = TimeSpan.FromHours(1) };
    private readonly TestMeters _meters = new();
    private readonly AdmissionScheduler _scheduler;
    private readonly ImageRunner _runner;
    private ulong _lastSeed;

    public SimulatedInstance(DeviceSpeed speed, InferenceOptions? options = null)
    {
        _options = options ?? _options;
        var (state, estimator, metrics) = (new ModelState(Clock), new StageCostEstimator(), Measured.By(_meters, Clock, _options));
        Generator = new SimulatedGenerator(speed, Clock, _options.MaxBatchRows);
        state.BecomeReady(Generator.Model);
        _scheduler = new AdmissionScheduler(Clock);
        Queue = new InferenceQueue(_options, state, _scheduler, estimator, metrics, Clock);
        var share = new DeviceShare(new DeviceState("cpu"), estimator);
        _scheduler.Join(share);
        _scheduler.Loaded(share, _options.MaxBatchRows);
        _runner = new ImageRunner(
            new StepReceivers(estimator, new StepCircuitBreaker(state, _options), metrics),
            share,
            _options.InteractiveRows,
            Clock,
            NullLogger<ImageRunner>.Instance);
        _runner.Begin(metrics.GeneratorStarted("cpu", _options.MaxBatchRows));
    }

    public FakeTimeProvider Clock { get; } = new();

    public SimulatedGenerator Generator { get; }

    public InferenceQueue Queue { get; }

    public static ImageSpecification Redetail { get; } = Jobs.Image() with { Layout = new LayoutSource.Given([]) };

    /// <summary>Gets a variation of a new picture.</summary>
    public static ImageSpecification Variation => Jobs.Image() with { Layout = new LayoutSource.Encoded(new RgbImage(1, 1, new byte[3])) };

    /// <summary>Requests images and returns their seeds, which identify them.</summary>
    public IReadOnlyList<ulong> Request(
        ImageSpecification image, int count = 1, ImageFlow? flow = null, ImagePriority priority = ImagePriority.Interactive, TimeSpan? timeout = null)
    {
        ulong[] seeds = [.. Enumerable.Range(0, count).Select(_ => ++_lastSeed)];
        var deadline = timeout is { } limit ? new RequestDeadline(limit, "the test") : RequestDeadline.Of(_options);
        var submission = new ImageSubmission([.. seeds.Select(seed => image with { Seed = seed })], deadline)
        {
            Flow = flow ?? ImageFlow.Common,
            Priority = priority,
        };
        Queue.Enqueue(submission, CancellationToken.None);
        return seeds;
    }

    /// <summary>Submits images as part of a job and returns their seeds.</summary>
    public IReadOnlyList<ulong> RequestBulk(ImageSpecification image, int count, ImageFlow? flow = null)
    {
        ulong[] seeds = [.. Enumerable.Range(0, count).Select(_ => ++_lastSeed)];
        var submission = Jobs.BulkSubmission([.. seeds.Select(seed => image with { Seed = seed })]);
        Queue.Enqueue(submission with { Flow = flow ?? ImageFlow.Common }, CancellationToken.None);
        return seeds;
    }

    /// <summary>Admits images and runs a step, as the worker does. Advances the clock a little if there is nothing to do.</summary>
    public void Step()
    {
        _runner.AdmitWaiting(Generator, _scheduler);
        if (_runner.Count == 0)
        {
            Clock.Advance(Tick);
            return;
        }

        _runner.Step(Generator, _scheduler, CancellationToken.None);
    }

    public void Dispose() => _meters.Dispose();
}
