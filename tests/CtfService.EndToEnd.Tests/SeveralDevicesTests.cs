using System.Diagnostics.Metrics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.Model.Generation;
using CtfService.Model.Loading;
using CtfService.Model.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Hosting;

namespace CtfService.EndToEnd.Tests;

/// <summary>Two copies of a model that share the CPU, behind one queue: every image has the tokens and pixels that it has alone.</summary>
public sealed class SeveralDevicesTests : IAsyncLifetime, IDisposable
{
    private const int Mixes = 1_000;
    private const int Callers = 6;
    private const int Rows = 6;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly TinyBundle _bundle = new();
    private readonly ServiceProvider _services;
    private readonly List<GeneratedImage> _alone;

    public SeveralDevicesTests()
    {
        _services = new ServiceCollection()
            .AddMetrics()
            .AddLogging()
            .AddSingleton(new InferenceOptions { MaxBatchRows = Rows, MaxQueuedImages = 1_000 })
            .AddSingleton(new ModelOrigin("tiny", [new DeviceOrigin("cpu:0", Copy()), new DeviceOrigin("cpu:1", Copy())]))
            .AddInference()
            .BuildServiceProvider();
        _alone = GenerateAlone(new Random(5));
    }

    private IHostedService Host => _services.GetRequiredService<IHostedService>();

    public async Task InitializeAsync()
    {
        await Host.StartAsync(CancellationToken.None);
        Assert.Null(await _services.GetRequiredService<IModelStatus>().LoadingEnded);
    }

    public async Task DisposeAsync()
    {
        await Host.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    public void Dispose() => _bundle.Dispose();

    [Fact]
    public async Task Generate_RandomMixes_GivesEveryImageTheTokensAndPixelsItHasAlone()
    {
        Assert.All(_services.GetRequiredService<IModelStatus>().Devices, device => Assert.Equal(DeviceStatus.Ready, device.Status));
        var meters = _services.GetRequiredService<IMeterFactory>();
        using var overtaking = new MetricCollector<long>(meters, "CtfService", "ctf.images.overtaking");
        using var restarts = new MetricCollector<long>(meters, "CtfService", "ctf.images.restarts");
        var left = Mixes;
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await RequestMix(random);
            }
        }));

        await Task.WhenAll(callers).WaitAsync(Timeout);

        Assert.NotEqual(0, overtaking.GetMeasurementSnapshot().Sum(measurement => measurement.Value));
        Assert.NotEqual(0, restarts.GetMeasurementSnapshot().Sum(measurement => measurement.Value));
    }

    /// <summary>
    /// Requests one to six images of any priority for one of three keys, of which one asks for most: images of the others overtake them and take their rows.
    /// Some callers hang up.
    /// </summary>
    private async Task RequestMix(Random random)
    {
        GeneratedImage[] expected = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => _alone[random.Next(_alone.Count)])];
        var priority = random.Next(4) == 0 ? (ImagePriority)random.Next(4) : ImagePriority.Interactive;
        var flow = new ImageFlow($"key {Math.Max(0, random.Next(8) - 5)}", random.Next(1, 4));
        using var caller = new CancellationTokenSource();
        if (random.Next(20) == 0)
        {
            caller.CancelAfter(TimeSpan.FromMilliseconds(random.Next(10)));
        }

        try
        {
            using var lease = _services.GetRequiredService<IModelRouter>().Lease();
            var submission = new ImageSubmission([.. expected.Select(image => image.Specification)], RequestDeadline.None)
            {
                Priority = priority,
                Flow = flow,
            };
            var finished = await lease.GenerateAsync(submission, caller.Token);
            foreach (var (image, same) in finished.Zip(expected))
            {
                Assert.Equal(same.Tokens, image.Image.Tokens);
                Assert.Equal(same.Image.Pixels, image.Image.Image.Pixels);
            }
        }
        catch (OperationCanceledException) when (caller.IsCancellationRequested)
        {
            // The caller has hung up.
        }
    }

    private List<GeneratedImage> GenerateAlone(Random random)
    {
        using var generator = new CtfImageGeneratorFactory(_bundle.Directory, () => ModelPlacement.Parse("cpu", "float32"), Rows).Load(CancellationToken.None);
        return [.. Enumerable.Range(0, 60).Select(number => generator.Generate([Specify(random, generator.Model, number)], CancellationToken.None)[0])];
    }

    /// <summary>Returns drawn layouts with and without guidance, given layouts, pictures and edits of pictures.</summary>
    private static ImageSpecification Specify(Random random, ModelDescription model, int number)
    {
        var coarse = new SamplingSettings(Temperature: 1.2f, GuidanceScale: number / 6 % 2 == 0 ? 1 : 3);
        var image = new ImageSpecification(random.Next(model.Classes.Count), (ulong)random.NextInt64(), coarse, new SamplingSettings(TopK: 5));
        return (number % 6) switch
        {
            3 => image with { Layout = new LayoutSource.Given([.. Enumerable.Range(0, model.TokenCount).Select(_ => random.Next(model.ClusterCount))]) },
            4 => image with { Layout = new LayoutSource.Encoded(Picture(random, model)) },
            5 => image with { Layout = new LayoutSource.Edited(Picture(random, model), Rectangle(random, model)) { Candidates = random.Next(1, 4) } },
            _ => image,
        };
    }

    private static EditMask Rectangle(Random random, ModelDescription model)
    {
        var (left, top) = (random.Next(model.ImageWidth), random.Next(model.ImageHeight));
        var (right, bottom) = (random.Next(left, model.ImageWidth), random.Next(top, model.ImageHeight));
        return new EditMask(model.ImageWidth, model.ImageHeight, [.. Enumerable.Range(0, model.ImageWidth * model.ImageHeight).Select(pixel =>
            pixel % model.ImageWidth >= left && pixel % model.ImageWidth <= right && pixel / model.ImageWidth >= top && pixel / model.ImageWidth <= bottom)]);
    }

    private static RgbImage Picture(Random random, ModelDescription model)
    {
        var pixels = new byte[model.ImageWidth * model.ImageHeight * 3];
        random.NextBytes(pixels);
        return new RgbImage(model.ImageWidth, model.ImageHeight, pixels);
    }

    private CtfImageGeneratorFactory Copy() => new(_bundle.Directory, () => ModelPlacement.Parse("cpu", "float32") with { Copies = 2 }, Rows);
}
