using CtfService.Model.Memory;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>
/// The most floating-point operations that a device does in a second by the data sheets of its maker: dense matrix products, without sparsity. The utilisation
/// in reports is relative to it.
/// </summary>
public static class DevicePeak
{
    /// <summary>TFLOP/s by a part of the name of the device; the first one that fits counts. Float32 is without TF32, which is off.</summary>
    private static readonly (string Name, double BFloat16, double Float32)[] Known =
    [
        ("H100 PCIe", 756, 51),
        ("H100 NVL", 835, 60),
        ("H100", 989, 67),
        ("H200", 989, 67),
        ("A100", 312, 19.5),
        ("A40", 149.7, 37.4),
        ("A10G", 70, 35),
        ("L40S", 362, 91.6),
        ("L4", 121, 30.3),
        ("RTX 4090", 165.2, 82.6),
        ("RTX 3090", 71, 35.6),
    ];

    /// <summary>Returns floating-point operations per second; null for the CPU and for a device that the table does not have.</summary>
    /// <param name="useBfloat16">Whether matrix products run in bfloat16; otherwise in float32.</param>
    public static double? Of(Device device, bool useBfloat16) =>
        device.type == DeviceType.CUDA ? Of(CudaName.Of(Math.Max(0, device.index)) ?? "", useBfloat16) : null;

    internal static double? Of(string name, bool useBfloat16)
    {
        var words = $"{name} "; // so that a short name does not fit a longer one, as A10 would fit A100
        var known = Known.FirstOrDefault(entry => words.Contains($" {entry.Name} ", StringComparison.OrdinalIgnoreCase)
            || words.Contains($" {entry.Name}-", StringComparison.OrdinalIgnoreCase));
        return known.Name is null ? null : (useBfloat16 ? known.BFloat16 : known.Float32) * 1e12;
    }
}
