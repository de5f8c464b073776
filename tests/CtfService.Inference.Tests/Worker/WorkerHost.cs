using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.Inference.Scheduling;
using CtfService.Inference.Status;
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
        Queue = new InferenceQueue(options, State, Pace, Clock);
        var parts = new WorkerParts(
            Queue,
            State,
            new AdmissionScheduler(Clock),
            new ImageRunner(Pace, Clock, NullLogger<ImageRunner>.Instance),
            new ModelLoader(factory ?? Factory, options, Pace, Clock, NullLogger<ModelLoader>.Instance));
        Worker = new GenerationWorker(parts, options, Clock, NullLogger<GenerationWorker>.Instance);
    }

    public FakeTimeProvider Clock { get; } = new();

    public FakeImageGeneratorFactory Factory { get; } = new();

    public FakeImageGenerator Generator => Factory.Generator;

    public GenerationPace Pace { get; } = new();

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
