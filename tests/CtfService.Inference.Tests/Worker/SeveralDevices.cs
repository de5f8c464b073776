using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.TestSupport;

namespace CtfService.Inference.Tests.Worker;

/// <summary>A service with several fake devices, named cuda:0, cuda:1 and so on.</summary>
internal sealed class SeveralDevices
{
    public SeveralDevices(int count, InferenceOptions? options = null)
    {
        Generators = [.. Enumerable.Range(0, count).Select(_ => new FakeImageGenerator(FakeModels.Fruits) { StepsPerImage = 4 })];
        Faults = [.. Generators.Select(generator => new FaultyGenerator(generator))];
        Host = new WorkerHost(options, OriginOf(Faults));
    }

    public IReadOnlyList<FakeImageGenerator> Generators { get; }

    /// <summary>Can make a call of each device fail.</summary>
    public IReadOnlyList<FaultyGenerator> Faults { get; }

    public WorkerHost Host { get; }

    public static ModelOrigin OriginOf(IEnumerable<IImageGenerator> generators) =>
        OriginOf(generators.Select(IImageGeneratorFactory (one) => new OneGenerator(one)));

    public static ModelOrigin OriginOf(IEnumerable<IImageGeneratorFactory> factories) =>
        new("several", [.. factories.Select((factory, index) => new DeviceOrigin($"cuda:{index}", factory))]);

    /// <summary>Returns the pixels of an image that is generated alone.</summary>
    public static byte[] Alone(ImageSpecification image)
    {
        using var generator = new FakeImageGenerator(FakeModels.Fruits);
        return generator.Generate([image], CancellationToken.None)[0].Image.Pixels;
    }

    /// <summary>Requests images with these seeds, and checks that each is answered once with the right pixels.</summary>
    public async Task GenerateRightly(params IReadOnlyList<ImageSpecification> images)
    {
        var finished = new List<InferenceEvent.Finished>();
        using var lease = Host.ModelRouter.Lease();
        await foreach (var seen in lease.Enqueue(new ImageSubmission(images, RequestDeadline.None), CancellationToken.None))
        {
            finished.Add(Assert.IsType<InferenceEvent.Finished>(seen));
        }

        Assert.Equal(Enumerable.Range(0, images.Count), finished.Select(image => image.Index).Order());
        Assert.All(finished, image => Assert.Equal(Alone(images[image.Index]), image.Image.Image.Pixels));
    }
}
