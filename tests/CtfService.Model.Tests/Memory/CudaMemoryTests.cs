using CtfService.Model.Memory;

namespace CtfService.Model.Tests.Memory;

public sealed class CudaMemoryTests
{
    [Fact]
    public void Read_Device_ReturnsItsMemoryAndRestoresTheContext()
    {
        var driver = new FakeDriver();

        var state = new CudaMemory(driver).Read(1);

        Assert.Equal(new MemoryState(Total: 80_000, Free: 30_000), state);
        Assert.Equal(["init", "device 1", "retain 11", "push 21", "memory", "pop", "release 11"], driver.Calls);
    }

    [Theory]
    [InlineData("init")]
    [InlineData("device")]
    [InlineData("retain")]
    [InlineData("push")]
    [InlineData("memory")]
    public void Read_DriverFails_ReturnsNullAndReleasesTheContext(string failing)
    {
        var driver = new FakeDriver { Failing = failing };

        Assert.Null(new CudaMemory(driver).Read(1));

        Assert.Equal(driver.Succeeded("retain"), driver.Succeeded("release"));
        Assert.Equal(driver.Succeeded("push"), driver.Succeeded("pop"));
    }

    [Fact]
    public void Read_NoDriver_ReturnsNull() => Assert.Null(new CudaMemory(new FakeDriver { Missing = true }).Read(0));

    private sealed class FakeDriver : ICudaDriver
    {
        public List<string> Calls { get; } = [];

        public string? Failing { get; init; }

        public bool Missing { get; init; }

        public bool Succeeded(string call) => call != Failing && Calls.Exists(made => made.StartsWith(call, StringComparison.Ordinal));

        public int Init() => Missing ? throw new DllNotFoundException("libcuda.so.1") : Call("init");

        public int GetDevice(out int device, int ordinal)
        {
            device = 10 + ordinal;
            return Call($"device {ordinal}");
        }

        public int RetainContext(out nint context, int device)
        {
            context = 10 + device;
            return Call($"retain {device}");
        }

        public int ReleaseContext(int device) => Call($"release {device}");

        public int PushContext(nint context) => Call($"push {context}");

        public int PopContext(out nint context)
        {
            context = 0;
            return Call("pop");
        }

        public int GetMemory(out nuint free, out nuint total)
        {
            (free, total) = (30_000, 80_000);
            return Call("memory");
        }

        private int Call(string call)
        {
            Calls.Add(call);
            return Failing is not null && call.StartsWith(Failing, StringComparison.Ordinal) ? 2 : 0;
        }
    }
}
