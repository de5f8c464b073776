using CtfService.Inference.Queue;
using CtfService.Inference.Scheduling;
using CtfService.Inference.Status;
using CtfService.Inference.Worker;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Lanes;

/// <summary>Puts a lane together out of parts of its own.</summary>
internal sealed class LaneFactory(InferenceOptions options, TimeProvider clock, ILoggerFactory loggers)
{
    public ModelLane Create(ModelOrigin origin)
    {
        var state = new ModelState(clock);
        var pace = new GenerationPace();
        var queue = new InferenceQueue(options, state, pace, clock);
        var parts = new WorkerParts(
            queue,
            state,
            new AdmissionScheduler(clock),
            new ImageRunner(pace, clock, loggers.CreateLogger<ImageRunner>()),
            new ModelLoader(origin.Factory, options, pace, clock, loggers.CreateLogger<ModelLoader>()));
        return new ModelLane(origin.Bundle, queue, state, new GenerationWorker(parts, loggers.CreateLogger<GenerationWorker>()));
    }
}
