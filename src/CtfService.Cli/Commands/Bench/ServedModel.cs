using System.Runtime.ExceptionServices;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CtfService.Cli.Commands.Bench;

/// <summary>One model behind the queue and the workers of the service, without HTTP. Thread-safe.</summary>
internal sealed class ServedModel : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IHostedService _host;
    private readonly Func<int> _rows;

    private ServedModel(ServiceProvider services, Func<int> rows)
    {
        _services = services;
        _host = services.GetRequiredService<IHostedService>();
        _rows = rows;
    }

    /// <summary>Rows of a decode step: the requested number, or fewer if memory is short.</summary>
    public int Rows => _rows();

    public ModelDescription Description => _services.GetRequiredService<IModelStatus>().RequireReady().Model;

    /// <summary>Loads the model on its worker's thread and returns when it is ready. Throws the error of a failed load or warm-up.</summary>
    public static Task<ServedModel> StartAsync(
        string bundle, IImageGeneratorFactory factory, InferenceOptions options, CancellationToken cancellation)
    {
        var observed = new ObservedFactory(factory);
        return StartAsync(new ModelOrigin(bundle, observed), () => observed.Rows, options, cancellation);
    }

    /// <summary>Loads the model on all devices and returns when it is ready. Throws the error of a failed load or warm-up.</summary>
    public static Task<ServedModel> StartAsync(ModelOrigin origin, InferenceOptions options, CancellationToken cancellation) =>
        StartAsync(origin, () => options.MaxBatchRows, options, cancellation);

    private static async Task<ServedModel> StartAsync(ModelOrigin origin, Func<int> rows, InferenceOptions options, CancellationToken cancellation)
    {
        var services = new ServiceCollection()
            .AddMetrics()
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddSingleton(options with { LoadRetries = 0 })
            .AddSingleton(origin)
            .AddInference()
            .BuildServiceProvider();
        var served = new ServedModel(services, rows);
        try
        {
            await served._host.StartAsync(cancellation);
            if (await services.GetRequiredService<IModelStatus>().LoadingEnded.WaitAsync(cancellation) is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }

            return served;
        }
        catch
        {
            await served.DisposeAsync();
            throw;
        }
    }

    /// <summary>Enqueues one request for these images and waits until all are finished. Throws the cause of a failed step.</summary>
    /// <param name="finished">Called with each image when it is finished.</param>
    public async Task GenerateAsync(
        IReadOnlyList<ImageSpecification> images,
        ImagePriority priority,
        Action<InferenceEvent.Finished> finished,
        CancellationToken cancellation)
    {
        using var lease = _services.GetRequiredService<IModelRouter>().Lease();
        try
        {
            await foreach (var seen in lease.Enqueue(new ImageSubmission(images, RequestDeadline.None) { Priority = priority }, cancellation))
            {
                if (seen is InferenceEvent.Finished image)
                {
                    finished(image);
                }
            }
        }
        catch (GenerationFailedException failed) when (failed.InnerException is { } cause) // its message points to a log, which a benchmark does not write
        {
            ExceptionDispatchInfo.Throw(cause);
        }
    }

    /// <summary>Frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    /// <summary>Keeps the number of rows, which the queue does not show.</summary>
    private sealed class ObservedFactory(IImageGeneratorFactory factory) : IImageGeneratorFactory
    {
        public int Rows { get; private set; }

        public IImageGenerator Load(CancellationToken cancellation)
        {
            var generator = factory.Load(cancellation);
            Rows = generator.FreeRows;
            return generator;
        }
    }
}
