using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Memory;

/// <summary>A device that tells what a test says of its memory.</summary>
internal sealed class FullDevice(Device device, MemoryState? state) : DeviceMemory(device)
{
    public override MemoryState? Read() => state;
}
