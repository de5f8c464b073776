using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Memory;

/// <summary>A device with a memory state set by the test.</summary>
internal sealed class FullDevice(Device device, MemoryState? state) : DeviceMemory(device)
{
    public override MemoryState? Read() => state;
}
