using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;

namespace CtfService.Inference.Tests.Worker;

/// <summary>Devices that fail while others serve: no image is lost, changed or answered twice.</summary>
public sealed class DeviceFailureTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Generate_AnyCallOfADeviceFailsUnderLoad_AnswersEveryImageOnceAndRightly(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 25; round++) // with four seeds, a hundred failures
        {
            var service = new SeveralDevices(random.Next(2, 4), new InferenceOptions { MaxQueuedImages = 1_000 });
            await service.Host.StartAsync();
            var faulty = service.Faults[random.Next(service.Faults.Count)];
            var requests = Enumerable.Range(0, 10).Select(_ => Task.Run(() => Load(service, new Random(random.Next())))).ToList();
            faulty.Arm((CallPoint)random.Next((int)CallPoint.LastStep + 1), random.Next(1, 12));

            await Task.WhenAll(requests).WaitAsync(Timeout);

            Assert.IsType<ModelStatus.Ready>(service.Host.Current);
            faulty.Disarm();
            await service.Host.StopAsync().WaitAsync(Timeout);
            Assert.Equal((0, 0), (service.Host.InFlight.Read().Running, service.Host.InFlight.Read().Waiting));
        }
    }

    [Fact]
    public async Task Generate_ADeviceCrashes_ItsImagesStartAgainElsewhere()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var request = service.GenerateRightly(Jobs.Images(6));
        await Task.WhenAll(gates.Select(gate => gate.Entered));
        service.Generators[0].CrashWorker(new InvalidOperationException("broken device"));

        gates.ForEach(gate => gate.Open());
        await request.WaitAsync(Timeout);

        Assert.IsType<ModelStatus.Ready>(service.Host.Current);
        Assert.Equal([DeviceStatus.Failed, DeviceStatus.Ready], service.Host.ModelRouter.Devices.Select(device => device.Status));
        await service.GenerateRightly(Jobs.Images(3)).WaitAsync(Timeout);
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Generate_AllDevicesCrash_FailsRunningAndWaitingImagesAndNeedsARestart()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        foreach (var generator in service.Generators)
        {
            generator.Rows = 2;
        }

        var gates = service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var requests = Enumerable.Range(0, 8).Select(_ => service.Host.Generate(images: 1)).ToList();
        await Task.WhenAll(gates.Select(gate => gate.Entered));
        foreach (var generator in service.Generators)
        {
            generator.CrashWorker(new InvalidOperationException("broken device"));
        }

        gates.ForEach(gate => gate.Open());

        foreach (var request in requests)
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(() => request.WaitAsync(Timeout));
            Assert.True(error is ModelNotReadyException or GenerationFailedException, $"{error}");
        }

        Assert.IsType<ModelStatus.Crashed>(service.Host.Current);
        Assert.All(service.Host.ModelRouter.Devices, device => Assert.Equal(DeviceStatus.Failed, device.Status));
        await service.Host.StopAsync().WaitAsync(Timeout);
    }

    [Fact]
    public async Task Generate_AStepFails_ItsImagesStartAgainElsewhereAndTheDeviceStays()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        service.Generators[0].FailNextStep(new InvalidOperationException("broken kernel"));

        await service.GenerateRightly(Jobs.Images(6)).WaitAsync(Timeout);

        Assert.All(service.Host.ModelRouter.Devices, device => Assert.Equal(DeviceStatus.Ready, device.Status));
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Generate_AnImageFailsOnTwoDevices_FailsWithTheCause()
    {
        var service = new SeveralDevices(3);
        await service.Host.StartAsync();
        foreach (var generator in service.Generators)
        {
            generator.FailNextStep(new InvalidOperationException("broken kernel"));
        }

        var error = await Assert.ThrowsAsync<GenerationFailedException>(() => service.Host.Generate(images: 1).WaitAsync(Timeout));

        Assert.Equal("broken kernel", error.InnerException!.Message);
        Assert.IsType<ModelStatus.Ready>(service.Host.Current);
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Generate_StepsOfADeviceKeepFailing_TakesItOutAndLosesNoImage()
    {
        var service = new SeveralDevices(2, new InferenceOptions { MaxFailedSteps = 3 });
        await service.Host.StartAsync();
        for (var step = 0; step < 1_000; step++)
        {
            service.Generators[1].FailNextStep(new InvalidOperationException("broken kernel"));
        }

        for (var request = 0; service.Host.ModelRouter.Devices[1].Status != DeviceStatus.Failed; request++)
        {
            await service.GenerateRightly(Jobs.Images(6)).WaitAsync(Timeout);
        }

        Assert.Contains("The last 3 steps failed", service.Host.ModelRouter.Devices[1].Reason, StringComparison.Ordinal);
        Assert.IsType<ModelStatus.Ready>(service.Host.Current);
        await service.GenerateRightly(Jobs.Images(16)).WaitAsync(Timeout);
        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Generate_AnImageDoesNotFitOneDevice_IsGeneratedOnTheOther()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        service.Generators[0].MaxImages = 0;

        await service.GenerateRightly(Jobs.Images(1)).WaitAsync(Timeout);
        await service.GenerateRightly(Jobs.Images(4)).WaitAsync(Timeout);

        await service.Host.StopAsync();
    }

    [Fact]
    public async Task Stop_ADeviceCrashesWhileItDrains_TheOtherFinishesItsImages()
    {
        var service = new SeveralDevices(2);
        await service.Host.StartAsync();
        var gate = service.Generators[0].HoldNextStep();
        var gates = new[] { gate, service.Generators[1].HoldNextStep() };
        var request = service.GenerateRightly(Jobs.Images(4));
        await Task.WhenAll(gates.Select(each => each.Entered));
        var stopping = service.Host.StopAsync();
        gates[1].Open(); // the second device finishes its images, and waits for the first
        service.Generators[0].CrashWorker(new InvalidOperationException("broken device"));

        gates[0].Open();

        await request.WaitAsync(Timeout);
        await stopping.WaitAsync(Timeout);
    }

    private static async Task Load(SeveralDevices service, Random random)
    {
        for (var request = 0; request < 4; request++)
        {
            await service.GenerateRightly([.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Jobs.Image((ulong)random.NextInt64()))]);
        }
    }
}
