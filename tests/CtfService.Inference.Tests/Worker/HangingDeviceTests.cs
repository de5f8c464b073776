using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging.Testing;

namespace CtfService.Inference.Tests.Worker;

/// <summary>A device whose step does not end, while others work.</summary>
public sealed class HangingDeviceTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static readonly InferenceOptions Options = new() { StallTimeout = TimeSpan.FromSeconds(5) };

    private readonly SeveralDevices _service = new(2, Options);
    private readonly List<int> _exits = [];
    private readonly StuckExit _exit;

    public HangingDeviceTests() =>
        _exit = new StuckExit(_service.Host.Stall, _service.Host.ModelRouter, Options, _service.Host.Clock, new FakeLogger<StuckExit>(), _exits.Add);

    public void Dispose() => _exit.Dispose();

    [Fact]
    public async Task Check_OneOfTwoDevicesHangs_FailsItsImagesAndTheOtherServes()
    {
        await StartAsync();
        var (gate, hanging) = await HangAsync();

        Seconds(20);
        Assert.False(hanging.IsCompleted);
        Seconds(1);

        var error = await Assert.ThrowsAsync<DeviceHangsException>(() => hanging.WaitAsync(Timeout));
        Assert.EndsWith("other devices serve.", error.Message, StringComparison.Ordinal);
        Assert.Equal([DeviceStatus.Failed, DeviceStatus.Ready], _service.Host.ModelRouter.Devices.Select(device => device.Status));
        await _service.GenerateRightly(Jobs.Images(16)).WaitAsync(Timeout);
        gate.Open(); // it ends by itself and takes no more
        await _service.GenerateRightly(Jobs.Images(16)).WaitAsync(Timeout);
        Seconds(60);
        Assert.Empty(_exits);
        Assert.IsType<ModelStatus.Ready>(_service.Host.Current);
        Assert.Equal(DeviceStatus.Failed, _service.Host.ModelRouter.Devices[0].Status);
        await _service.Host.StopAsync().WaitAsync(Timeout);
        Assert.Equal((0, 0), (_service.Host.InFlight.Read().Running, _service.Host.InFlight.Read().Waiting));
    }

    /// <summary>An image that failed on one device waits for another; when none is left, it starts where it failed.</summary>
    [Fact]
    public async Task Check_AnImageWaitsForTheDeviceThatHangs_StartsOnTheOtherAgain()
    {
        await StartAsync();
        var (gate, hanging) = await HangAsync();
        _service.Generators[1].FailNextStep(new InvalidOperationException("broken kernel"));
        var steps = _service.Generators[1].Steps.Count;
        var waiting = _service.Host.Generate(images: 1);
        await UntilAsync(() => _service.Generators[1].Steps.Count > steps && _service.Host.InFlight.Read() is { Running: 1, Waiting: 1 }
            && _service.Host.InFlight.ReadDevices().Any(device => device.IsIdle));

        Seconds(21);

        await Assert.ThrowsAsync<DeviceHangsException>(() => hanging.WaitAsync(Timeout));
        Assert.Single(await waiting.WaitAsync(Timeout));
        gate.Open();
        await _service.Host.StopAsync().WaitAsync(Timeout);
    }

    [Fact]
    public async Task Check_TheReplacedModelHangs_FailsItsImagesAndTheNewOneServes()
    {
        await StartAsync();
        var gates = _service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var hanging = _service.Host.Generate(images: 3);
        await Task.WhenAll(gates.Select(gate => gate.Entered));
        await _service.Host.SwitchTo(new OneGenerator(new FakeImageGenerator(FakeModels.Fruits)));

        for (var time = 0; time < 5; time++)
        {
            Assert.Single(await _service.Host.Generate(images: 1).WaitAsync(Timeout));
            Seconds(5);
        }

        await Assert.ThrowsAsync<DeviceHangsException>(() => hanging.WaitAsync(Timeout));
        Assert.Single(await _service.Host.Generate(images: 1).WaitAsync(Timeout));
        Assert.Empty(_exits);
        gates.ForEach(gate => gate.Open());
        await _service.Host.StopAsync().WaitAsync(Timeout);
    }

    private async Task StartAsync()
    {
        await _service.Host.StartAsync();
        await _exit.StartAsync(CancellationToken.None);
    }

    /// <summary>Requests an image on each device; the first device hangs.</summary>
    private async Task<(Gate Gate, Task Images)> HangAsync()
    {
        var gates = _service.Generators.Select(generator => generator.HoldNextStep()).ToList();
        var images = _service.Host.Generate(images: 2);
        await Task.WhenAll(gates.Select(gate => gate.Entered));
        gates[1].Open();
        await UntilAsync(() => _service.Host.InFlight.ReadDevices().Any(device => device.IsIdle));
        return (gates[0], images);
    }

    private static async Task UntilAsync(Func<bool> isTrue)
    {
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        while (!isTrue())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, timeout.Token); // polls the workers' threads
        }
    }

    private void Seconds(int count)
    {
        for (var second = 0; second < count; second++)
        {
            _service.Host.Clock.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
