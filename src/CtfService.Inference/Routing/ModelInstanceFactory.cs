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
        var (state, estimator, scheduler) = (new ModelState(clock), new StageCostEstimator(), new AdmissionScheduler(clock));
        var instance = new InstanceParts(
            new InferenceQueue(options, state, scheduler, estimator, metrics, clock),
            state,
            scheduler,
            new DeviceLoads(origin.Devices.Count, state),
            metrics);
        List<GenerationWorker> workers = [.. origin.Devices.Select(device => CreateWorker(device, instance, estimator))];
        return new ModelInstance(origin.Bundle, instance.Queue, state, new DeviceWorkers(workers, instance.Loads));
    }

    private GenerationWorker CreateWorker(DeviceOrigin device, InstanceParts instance, StageCostEstimator estimator)
    {
        var state = new DeviceState(device.Name);
        var share = new DeviceShare(state, estimator);
        instance.Scheduler.Join(share);
        var parts = new DeviceParts(
            state,
            share,
            new ImageRunner(
                new StepReceivers(estimator, new StepCircuitBreaker(instance.State, options), metrics),
                share,
                options.InteractiveRows,
                clock,
                loggers.CreateLogger<ImageRunner>()),
            new ModelLoader(device.Factory, options, new LoadReports(estimator, metrics, stall), clock, loggers.CreateLogger<ModelLoader>()));
        return new GenerationWorker(parts, instance, loggers.CreateLogger<GenerationWorker>());
    }
}
