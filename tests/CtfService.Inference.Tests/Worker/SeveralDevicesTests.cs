using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace CtfService.Inference.Tests.Worker;

/// <summary>Several devices that work: loading, sharing, hang-ups, switching and stopping.</summary>
public sealed class SeveralDevicesTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 8)]
    [InlineData(8, 8)]
    public async Task Generate_DevicesAreIdle_SpreadsTheImagesEvenly(int devices, int images)
    {
        var service = new SeveralDevices(devices);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();

        var request = service.Host.Generate(images);
        await Task.WhenAll(gates.Select(gate => gate.Entered));

        Assert.All(service.Generators, generator => Assert.Equal(images / devices, generator.Steps[^1].Count));
        gates.ForEach(gate => gate.Open());
        Assert.Equal(images, (await request.WaitAsync(Timeout)).Count);
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Generate_RandomMixes_GivesEachImageItsPixels()
    {
        var service = new SeveralDevices(3, new InferenceOptions { MaxQueuedImages = 100_000 });
        await service.Host.StartAsync();
        var random = new Random(7);
        var requests = new List<Task>();
        for (var request = 0; request < 1_000; request++)
        {
            requests.Add(service.GenerateRightly([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Any(random))]));
            if (request % 20 == 0)
            {
                await requests[random.Next(requests.Count)];
            }
        }

        await Task.WhenAll(requests).WaitAsync(Timeout);

        Assert.All(service.Generators, generator => Assert.NotEmpty(generator.Steps.Skip(1)));
        await service.Host.StopAsync();
        Assert.Equal((0, 0), (service.Host.InFlight.Read().Running, service.Host.InFlight.Read().Waiting));
    }

    [Fact]
    public async Task Generate_CallersHangUpOnEveryDevice_FreesTheirRows()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        using var caller = new CancellationTokenSource();
        var abandoned = service.Host.Generate(images: 4, caller.Token);
        await Task.WhenAll(gates.Select(gate => gate.Entered));

        await caller.CancelAsync();
        gates.ForEach(gate => gate.Open());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        await service.Host.StopAsync();
        Assert.All(service.Generators, generator => Assert.Equal((0, 16), (generator.ImageCount, generator.FreeRows)));
    }

    [Fact]
    public async Task Generate_DeadlineReached_FailsTheImagesOfEveryDevice()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var late = service.Host.Generate(images: 4);
        await Task.WhenAll(gates.Select(gate => gate.Entered));

        service.Host.Clock.Advance(new InferenceOptions().RequestTimeout);

        await Assert.ThrowsAsync<DeadlineExceededException>(() => late); // before the steps end: they would finish the images
        gates.ForEach(gate => gate.Open());
        Assert.Single(await service.Host.Generate(images: 1).WaitAsync(Timeout));
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Start_OneDeviceCannotLoad_TheOtherServes()
    {
        var (broken, works) = (new FakeImageGeneratorFactory(), new FakeImageGeneratorFactory());
        broken.FailNextLoad(new DeviceUnavailableException("There is no such device."));
        var host = new WorkerHost(options: null, SeveralDevices.OriginOf([broken, works]));

        await host.StartAsync();

        Assert.IsType<ModelStatus.Ready>(host.Current);
        Assert.Equal(
            [new DeviceReport("cuda:0", DeviceStatus.Failed, "There is no such device."), new DeviceReport("cuda:1", DeviceStatus.Ready)],
            host.ModelRouter.Devices);
        Assert.Equal(3, (await host.Generate(images: 3).WaitAsync(Timeout)).Count);
        await host.StopAsync();
    }

    [Fact]
    public async Task Start_NoDeviceCanLoad_IsFailedWithTheReason()
    {
        var factories = new[] { new FakeImageGeneratorFactory(), new FakeImageGeneratorFactory() };
        Array.ForEach(factories, factory => factory.FailNextLoad(new DeviceUnavailableException("There is no such device.")));
        var host = new WorkerHost(options: null, SeveralDevices.OriginOf(factories));

        await host.StartAsync();

        Assert.Equal(new ModelStatus.Failed("There is no such device."), host.Current);
        await host.StopAsync();
    }

    [Fact]
    public async Task Start_DevicesComputeDifferently_UsesThoseLikeTheFirst()
    {
        var first = new FakeImageGenerator(FakeModels.Fruits with { Device = "cuda", Arithmetic = "one" });
        var other = new FakeImageGenerator(FakeModels.Fruits with { Device = "cuda", Arithmetic = "other" });
        var host = new WorkerHost(options: null, SeveralDevices.OriginOf([first, other]));

        await host.StartAsync();

        Assert.IsType<ModelStatus.Ready>(host.Current);
        var failed = Assert.Single(host.ModelRouter.Devices, device => device.Status == DeviceStatus.Failed);
        Assert.Contains("the same seed would give other bytes", failed.Reason, StringComparison.Ordinal);
        await host.StopAsync();
        Assert.True(first.IsDisposed && other.IsDisposed);
    }

    [Fact]
    public async Task Start_ElementTypeWasChosen_IsLoggedOnceForAllCopies()
    {
        var model = FakeModels.Fruits with { Dtype = "int8", DtypeReason = "it is the fastest" };
        using var logs = new FakeLoggerProvider();
        using var factory = LoggerFactory.Create(builder => builder.AddProvider(logs));
        var host = new WorkerHost(options: null, SeveralDevices.OriginOf([new FakeImageGenerator(model), new FakeImageGenerator(model)]), factory);

        await host.StartAsync();
        await host.StopAsync();

        var chosen = Assert.Single(logs.Collector.GetSnapshot(), record => record.Id.Id == EventIds.DtypeChosen);
        Assert.Equal("The model computes in int8: it is the fastest", chosen.Message);
    }

    [Fact]
    public async Task Start_OneDeviceStillLoads_IsNotReadyYet()
    {
        var factories = new[] { new FakeImageGeneratorFactory(), new FakeImageGeneratorFactory() };
        using var gate = factories[0].HoldNextLoad();
        var host = new WorkerHost(options: null, SeveralDevices.OriginOf(factories));

        var started = host.StartAsync();
        await gate.Entered;
        Assert.IsType<ModelStatus.Loading>(host.Current);

        gate.Open();
        await started;
        Assert.IsType<ModelStatus.Ready>(host.Current);
        await host.StopAsync();
    }

    [Fact]
    public async Task Switch_ImagesRunOnBothDevices_FinishBeforeTheirModelIsFreed()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var request = service.GenerateRightly(Jobs.Images(4));
        await Task.WhenAll(gates.Select(gate => gate.Entered));
        var (first, second) = (new FakeImageGenerator(FakeModels.OtherFruits), new FakeImageGenerator(FakeModels.OtherFruits));

        await service.Host.ModelRouter.SwitchAsync(SeveralDevices.OriginOf([first, second])).WaitAsync(Timeout);

        Assert.All(service.Generators, generator => Assert.False(generator.IsDisposed));
        gates.ForEach(gate => gate.Open());
        await request.WaitAsync(Timeout);
        await service.Host.ModelRouter.Drained.WaitAsync(Timeout);
        Assert.All(service.Generators, generator => Assert.True(generator.IsDisposed));
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Stop_ImagesRunOnOneDevice_FinishWithinTheBudget()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var request = service.GenerateRightly(Jobs.Images(2));
        await Task.WhenAll(gates.Select(gate => gate.Entered));

        var stopping = service.Host.StopAsync();
        gates.ForEach(gate => gate.Open());

        await request.WaitAsync(Timeout);
        await stopping.WaitAsync(Timeout);
    }

    [Fact]
    public async Task Stop_BudgetIsOver_FailsImagesOnEveryDevice()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var request = service.Host.Generate(images: 4);
        await Task.WhenAll(gates.Select(gate => gate.Entered));

        var stopping = service.Host.StopAsync();
        service.Host.Clock.Advance(new InferenceOptions().ShutdownBudget);

        await Assert.ThrowsAsync<ModelNotReadyException>(() => request.WaitAsync(Timeout));
        await stopping.WaitAsync(Timeout);
        Assert.All(service.Generators, generator => Assert.True(generator.IsDisposed));
    }

    private static ImageSpecification Any(Random random) => random.Next(4) switch
    {
        0 => Jobs.GuidedImage((ulong)random.NextInt64()),
        1 => Jobs.Image((ulong)random.NextInt64()) with { Layout = new LayoutSource.Given([.. new int[FakeModels.Fruits.TokenCount]]) },
        _ => Jobs.Image((ulong)random.NextInt64()),
    };
}
