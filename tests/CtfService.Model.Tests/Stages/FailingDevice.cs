using System.ComponentModel;
using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Stages;

/// <summary>The CPU as a device that runs out of memory on request, with CUDA's error message.</summary>
internal sealed class FailingDevice() : DeviceMemory(CPU)
{
    /// <summary>The number of calls that still succeed.</summary>
    public int Allocations { get; set; } = int.MaxValue;

    /// <inheritdoc cref="Allocations"/>
    public int Uploads { get; set; } = int.MaxValue;

    /// <inheritdoc cref="Allocations"/>
    public int Downloads { get; set; } = int.MaxValue;

    public static Win32Exception OutOfMemory() => new(0, "CUDA out of memory. Tried to allocate 20.00 MiB");

    public override Tensor Zeros(ScalarType type, params long[] shape) => Allocations-- > 0 ? base.Zeros(type, shape) : throw OutOfMemory();

    public override Tensor Upload<T>(T[] values, params long[] shape) => Uploads-- > 0 ? base.Upload(values, shape) : throw OutOfMemory();

    public override int[] Download(Tensor labels) => Downloads-- > 0 ? base.Download(labels) : throw OutOfMemory();
}
