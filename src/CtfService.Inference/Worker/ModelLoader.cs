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
    private const string NotCompared = "was not compared, because the bundle does not record it for this version and arithmetic";

    /// <summary>Returns a generator that has finished its warm-up image.</summary>
    public (IImageGenerator Generator, LoadTimes Times) Load(CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var generator = Retrying().Execute(factory.Load, cancellation);
        try
        {
            var times = new LoadTimes(clock.GetElapsedTime(started), WarmUp: default);
            Log.Loaded(logger, generator.Model.Name, times.Loading);
            if (generator.Model.EmulatesFma)
            {
                Log.EmulatesFma(logger);
            }

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
        var image = generator.Generate([ExpectedImage.SpecificationOf(model)], cancellation)[0];
        var elapsed = clock.GetElapsedTime(started);
        RequireExpected(model, image);
        reports.Estimator.Measure(generator.LastStep); // the last step contains work of every stage
        reports.Stall.WarmedUp(elapsed);
        Log.WarmedUp(logger, elapsed, model.Expected is null ? NotCompared : "came out right");
        return elapsed;
    }

    private static void RequireExpected(ModelDescription model, GeneratedImage image)
    {
        if (model.Expected?.FirstDifference(image) is { } difference)
        {
            throw new DeviceUnavailableException(
                $"The warm-up image of '{model.Name}' has other {difference} than its bundle records for {model.Dtype} on {model.Arithmetic}, so other images "
                + "would be wrong as well. The processor, the memory or a library of this machine may be damaged: try the bundle on another machine, and test "
                + "this one. If the image differs everywhere, the record is wrong; make a new one: ctf expected-image --bundle FOLDER.");
        }
    }
}

/// <summary>Durations of loading a model.</summary>
/// <param name="Loading">Reading and checking its files, including retries.</param>
/// <param name="WarmUp">Generating the warm-up image.</param>
public readonly record struct LoadTimes(TimeSpan Loading, TimeSpan WarmUp);

/// <summary>Receivers of the load measurements.</summary>
internal sealed record LoadReports(StageCostEstimator Estimator, InferenceMetrics Metrics, StallWatch Stall);
