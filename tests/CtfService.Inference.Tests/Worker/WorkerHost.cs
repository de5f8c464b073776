using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Worker;

/// <summary>A router with its first model instance and all parts of inference, without a web host.</summary>
internal sealed class WorkerHost
{
    public WorkerHost(InferenceOptions? options = null, IImageGeneratorFactory? factory = null)
        : this(options, factory is null ? null : new ModelOrigin("first", factory))
    {
    }

    public WorkerHost(InferenceOptions? options, ModelOrigin? origin, ILoggerFactory? logs = null)
    {
        options ??= new InferenceOptions();
        options = options with { LoadRetryDelay = TimeSpan.Zero };
        InFlight = new InFlightImages(Clock);
        Stall = new StallWatch(InFlight, options.StallTimeout, NullLogger<StallWatch>.Instance);
        Metrics = new InferenceMetrics(Meters, InFlight, options.MaxQueuedImages);
        ModelRouter = new ModelRouter(
            origin ?? new ModelOrigin("first", Factory),
            new ModelInstanceFactory(options, Metrics, Stall, Clock, logs ?? NullLoggerFactory.Instance),
            Metrics,
            Clock,
            RouterLog);
        Host = new InferenceHost(ModelRouter, options, Clock, NullLogger<InferenceHost>.Instance);
    }

    public FakeTimeProvider Clock { get; } = new();

    public FakeImageGeneratorFactory Factory { get; } = new();

    public FakeImageGenerator Generator => Factory.Generator;

    public ModelRouter ModelRouter { get; }

    public ModelStatus Current => ModelRouter.Current;

    public FakeLogger<ModelRouter> RouterLog { get; } = new();

    public TestMeters Meters { get; } = new();

    public InFlightImages InFlight { get; }

    public StallWatch Stall { get; }

    public InferenceMetrics Metrics { get; }

    public InferenceHost Host { get; }

    /// <summary>Another model to switch to, with a generator that the test controls.</summary>
    public FakeImageGeneratorFactory Other { get; } = new() { Generator = new FakeImageGenerator(FakeModels.OtherFruits) };

    public async Task StartAsync()
    {
        await Host.StartAsync(CancellationToken.None);
        await ModelRouter.LoadingEnded;
    }

    public async Task<IReadOnlyList<InferenceEvent.Finished>> Generate(int images, CancellationToken cancellation = default)
    {
        using var lease = ModelRouter.Lease();
        return await lease.GenerateAsync(Jobs.Submission(images, new InferenceOptions()), cancellation);
    }

    /// <summary>Submits images as part of a job, with seeds of their own.</summary>
    public async Task<IReadOnlyList<InferenceEvent.Finished>> GenerateBulk(int images, ulong firstSeed = 1_001, CancellationToken cancellation = default)
    {
        using var lease = ModelRouter.Lease();
        ImageSpecification[] specifications = [.. Enumerable.Range(0, images).Select(index => Jobs.Image(firstSeed + (ulong)index))];
        return await lease.GenerateAsync(Jobs.BulkSubmission(specifications), cancellation);
    }

    /// <summary>Replaces the current model.</summary>
    public Task<ModelSwitch> SwitchTo(IImageGeneratorFactory model, string bundle = "other") => ModelRouter.SwitchAsync(new ModelOrigin(bundle, model));

    /// <summary>Returns all events of the images in the order of their arrival.</summary>
    public async Task<IReadOnlyList<InferenceEvent>> EventsOf(int images, int previews)
    {
        var seen = new List<InferenceEvent>();
        using var lease = ModelRouter.Lease();
        await foreach (var item in lease.Enqueue(Jobs.Submission(images, new InferenceOptions()) with { Previews = previews }, CancellationToken.None))
        {
            seen.Add(item);
        }

        return seen;
    }

    public async Task StopAsync()
    {
        await Host.StopAsync(CancellationToken.None);
        Host.Dispose();
    }
}
