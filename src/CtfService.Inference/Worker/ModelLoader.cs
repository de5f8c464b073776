using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace CtfService.Inference.Worker;

/// <summary>Loads the model and generates a warm-up image, on the thread that will own it.</summary>
internal sealed partial class ModelLoader(
    IImageGeneratorFactory factory,
    InferenceOptions options,
    LoadReports reports,
    TimeProvider clock,
    ILogger<ModelLoader> logger)
{
    /// <summary>Returns a generator that has finished its warm-up image.</summary>
    public (IImageGenerator Generator, LoadTimes Times) Load(CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var generator = Retrying().Execute(factory.Load, cancellation);
        try
        {
            var times = new LoadTimes(clock.GetElapsedTime(started), WarmUp: default);
            Log.Loaded(logger, generator.Model.Name, times.Loading);
            times = times with { WarmUp = WarmUp(generator, cancellation) };
            reports.Metrics.ModelLoaded(generator.Model.Name, times.Loading + times.WarmUp);
            return (generator, times);
        }
        catch
        {
            generator.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Returns the retry pipeline. A storage failure is retried; a damaged bundle stays damaged (<see cref="CheckpointException.IsTransient"/>).
    /// </summary>
    private ResiliencePipeline Retrying()
    {
        if (options.LoadRetries == 0)
        {
            return ResiliencePipeline.Empty;
        }

        return new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<CheckpointException>(error => error.IsTransient),
                MaxRetryAttempts = options.LoadRetries,
                Delay = options.LoadRetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                OnRetry = attempt =>
                {
                    Log.Retrying(logger, attempt.AttemptNumber + 1, options.LoadRetries, attempt.RetryDelay, attempt.Outcome.Exception?.Message);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Generates one image, because the first use allocates and compiles. Also gives the first measurement of the costs.</summary>
    private TimeSpan WarmUp(IImageGenerator generator, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var model = generator.Model;
        generator.Generate([new ImageSpecification(ClassId: 0, Seed: 0, model.DefaultCoarse, model.DefaultFine)], cancellation);
        var elapsed = clock.GetElapsedTime(started);
        reports.Estimator.Measure(generator.LastStep); // the last step contains work of every stage
        reports.Stall.WarmedUp(elapsed);
        Log.WarmedUp(logger, elapsed);
        return elapsed;
    }
}

/// <summary>Durations of loading a model.</summary>
/// <param name="Loading">Reading and checking its files, including retries.</param>
/// <param name="WarmUp">Generating the warm-up image.</param>
public readonly record struct LoadTimes(TimeSpan Loading, TimeSpan WarmUp);

/// <summary>Receivers of the load measurements.</summary>
internal sealed record LoadReports(StageCostEstimator Estimator, InferenceMetrics Metrics, StallWatch Stall);
