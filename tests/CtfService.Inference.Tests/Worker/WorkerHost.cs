using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Scheduling;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Worker;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Inference.Tests.Worker;

/// <summary>A worker with everything around it but the host.</summary>
internal sealed class WorkerHost
{
    public WorkerHost(InferenceOptions? options = null, IImageGeneratorFactory? factory = null)
    {
        options ??= new InferenceOptions();
        options = options with { LoadRetryDelay = TimeSpan.Zero };
        State = new ModelState(Clock);
        Flow = new ImageFlow(Clock);
        Stall = new StallWatch(Flow, options, NullLogger<StallWatch>.Instance);
        Metrics = new InferenceMetrics(Meters, Flow, options);
        Queue = new InferenceQueue(options, State, Pace, Metrics, Clock);
        var parts = new WorkerParts(
            Queue,
            State,
            new AdmissionScheduler(Clock),
            new ImageRunner(Pace, Metrics, Clock, NullLogger<ImageRunner>.Instance),
            new ModelLoader(factory ?? Factory, options, new LoadReports(Pace, Metrics, Stall), Clock, NullLogger<ModelLoader>.Instance),
            Metrics);
        Worker = new GenerationWorker(parts, options, Clock, NullLogger<GenerationWorker>.Instance);
    }

    public FakeTimeProvider Clock { get; } = new();

    public FakeImageGeneratorFactory Factory { get; } = new();

    public FakeImageGenerator Generator => Factory.Generator;

    public GenerationPace Pace { get; } = new();

    public TestMeters Meters { get; } = new();

    public ImageFlow Flow { get; }

    public StallWatch Stall { get; }

    public InferenceMetrics Metrics { get; }

    public ModelState State { get; }

    public InferenceQueue Queue { get; }

    public GenerationWorker Worker { get; }

    public async Task StartAsync()
    {
        await Worker.StartAsync(CancellationToken.None);
        await State.LoadingEnded;
    }

    public Task<IReadOnlyList<InferenceResult>> AskFor(int images, CancellationToken cancellation = default) =>
        Queue.GenerateAsync(Jobs.Order(images, new InferenceOptions()), cancellation);

    /// <summary>Everything that becomes of the images, as it comes.</summary>
    public async Task<IReadOnlyList<InferenceEvent>> Watch(int images, int previews)
    {
        var seen = new List<InferenceEvent>();
        await foreach (var item in Queue.Watch(Jobs.Order(images, new InferenceOptions()) with { Previews = previews }, CancellationToken.None))
        {
            seen.Add(item);
        }

        return seen;
    }

    public async Task StopAsync()
    {
        await Worker.StopAsync(CancellationToken.None);
        Worker.Dispose();
    }
}
