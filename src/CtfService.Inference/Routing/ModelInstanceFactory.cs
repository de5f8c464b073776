using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Worker;
using Microsoft.Extensions.Logging;

namespace CtfService.Inference.Routing;

/// <summary>Creates an instance with its own components.</summary>
internal sealed class ModelInstanceFactory(InferenceOptions options, InferenceMetrics metrics, StallWatch stall, TimeProvider clock, ILoggerFactory loggers)
{
    public ModelInstance Create(ModelOrigin origin)
    {
        var state = new ModelState(clock);
        var estimator = new StageCostEstimator();
        var queue = new InferenceQueue(options, state, estimator, metrics, clock);
        var parts = new WorkerParts(
            queue,
            state,
            new AdmissionScheduler(estimator, clock),
            new ImageRunner(
                new StepReceivers(estimator, new StepCircuitBreaker(state, options), metrics),
                options.InteractiveRows,
                clock,
                loggers.CreateLogger<ImageRunner>()),
            new ModelLoader(origin.Factory, options, new LoadReports(estimator, metrics, stall), clock, loggers.CreateLogger<ModelLoader>()),
            metrics);
        return new ModelInstance(origin.Bundle, queue, state, new GenerationWorker(parts, loggers.CreateLogger<GenerationWorker>()));
    }
}
