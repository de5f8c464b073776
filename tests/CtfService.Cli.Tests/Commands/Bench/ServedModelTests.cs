using CtfService.Cli.Commands.Bench;
using CtfService.Core.Generation;
using CtfService.Inference.Queue;
using CtfService.TestSupport;

namespace CtfService.Cli.Tests.Commands.Bench;

public sealed class ServedModelTests
{
    private readonly FakeImageGeneratorFactory _factory = new();

    [Fact]
    public async Task StartAsync_LoadFails_ThrowsItsError()
    {
        var error = new OutOfDeviceMemoryException("The model does not fit.");
        _factory.FailNextLoad(error);

        Assert.Same(error, await Assert.ThrowsAsync<OutOfDeviceMemoryException>(StartAsync));
    }

    [Fact]
    public async Task StartAsync_WarmUpFails_ThrowsItsError()
    {
        var error = new OutOfDeviceMemoryException("The warm-up image does not fit.");
        _factory.Generator.FailNextStep(error);

        Assert.Same(error, await Assert.ThrowsAsync<OutOfDeviceMemoryException>(StartAsync));
        Assert.True(_factory.Generator.IsDisposed);
    }

    [Fact]
    public async Task GenerateAsync_StepFails_ThrowsTheCause()
    {
        await using var served = await StartAsync();
        var error = new InvalidOperationException("The device is broken.");
        _factory.Generator.FailNextStep(error);

        Assert.Same(error, await Assert.ThrowsAsync<InvalidOperationException>(() => GenerateAsync(served, [])));
    }

    [Fact]
    public async Task GenerateAsync_TwoImages_ReportsEach()
    {
        await using var served = await StartAsync();
        var finished = new List<int>();

        await GenerateAsync(served, finished);

        Assert.Equal([0, 1], finished.Order());
        Assert.Equal(_factory.Generator.Rows, served.Rows);
    }

    private Task<ServedModel> StartAsync() => ServedModel.StartAsync("fake", _factory, new InferenceOptions(), CancellationToken.None);

    private static Task GenerateAsync(ServedModel served, List<int> finished)
    {
        var model = served.Description;
        var images = Enumerable.Range(0, 2).Select(i => new ImageSpecification(ClassId: 0, (ulong)i, model.DefaultCoarse, model.DefaultFine));
        return served.GenerateAsync([.. images], ImagePriority.Interactive, image => finished.Add(image.Index), CancellationToken.None);
    }
}
