using CtfService.Inference.Status;

namespace CtfService.Inference.Worker;

/// <summary>The workers of an instance, one for each device. Thread-safe.</summary>
internal sealed class DeviceWorkers(IReadOnlyList<GenerationWorker> workers, DeviceLoads loads)
{
    /// <inheritdoc cref="DeviceLoads.Ended"/>
    public Task<LoadTimes> Loaded => loads.Ended;

    /// <summary>Completes when all threads have ended and the memory of all copies of the model is free. Never fails.</summary>
    public Task Finished { get; } = Task.WhenAll(workers.Select(worker => worker.Finished));

    public IReadOnlyList<DeviceReport> Devices => [.. workers.Select(worker => worker.Device)];

    /// <summary>Starts the threads. Call once.</summary>
    public void Start()
    {
        foreach (var worker in workers)
        {
            worker.Start();
        }
    }

    /// <inheritdoc cref="GenerationWorker.FailFromOutside"/>
    public int FailFromOutside(Func<Exception> error) => workers.Sum(worker => worker.FailFromOutside(error));

    /// <summary>Fails the images of devices whose step takes longer than a limit if another works (<see cref="GenerationWorker.EndHanging"/>).</summary>
    /// <param name="serviceWorks">True if another device does, be it of another instance.</param>
    /// <returns>The number of devices whose images failed.</returns>
    public int EndHanging(TimeSpan limit, bool serviceWorks) =>
        serviceWorks || workers.Any(worker => worker.Works(limit)) ? workers.Count(worker => worker.EndHanging(limit)) : 0;

    /// <summary>Aborts loading, and fails all unfinished images at the next step.</summary>
    public void Abort()
    {
        foreach (var worker in workers)
        {
            worker.Abort();
        }
    }
}
