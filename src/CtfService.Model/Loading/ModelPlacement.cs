using System.Globalization;
using CtfService.Core.Models;
using CtfService.Model.Cpu.Weights;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>Where a model's tensors live and how many bits its transformers have.</summary>
/// <param name="Device">A present device.</param>
/// <param name="Dtype">Element type of both transformers. The tokenizer is always float32, as in the reference's sampling scripts.</param>
public sealed record ModelPlacement(Device Device, ModelDtype Dtype)
{
    /// <summary>What <see cref="Parse"/> takes for the device.</summary>
    public const string DevicePattern = "^(auto|cpu|cuda(:[0-9]{1,3})?)$";

    /// <summary>What <see cref="Parse"/> takes for the type.</summary>
    public const string DtypePattern = "^(auto|float32|bfloat16|float16|int8)$";

    /// <summary>For messages.</summary>
    public const string Devices = "auto, cpu, cuda or cuda:N";

    /// <inheritdoc cref="Devices"/>
    public const string Dtypes = "auto, float32, bfloat16, float16, or int8 on the CPU";

    /// <summary>CUDA with bfloat16 where there is a CUDA device, otherwise the CPU with float32.</summary>
    public static ModelPlacement Automatic => Parse("auto", "auto");

    /// <summary>The format of our own CPU engine; null where libtorch computes: on CUDA, and with float16, which no CPU here multiplies well.</summary>
    internal WeightFormat? CpuFormat => (Device.type, Dtype) switch
    {
        (TorchSharp.DeviceType.CPU, ModelDtype.Float32) => WeightFormat.Float32,
        (TorchSharp.DeviceType.CPU, ModelDtype.BFloat16) => WeightFormat.BFloat16,
        (TorchSharp.DeviceType.CPU, ModelDtype.Int8) => WeightFormat.Int8,
        _ => null,
    };

    /// <summary>The description of a model that computes here.</summary>
    internal ModelDescription Complete(ModelDescription model) =>
        model with { Device = Device.type.ToString().ToLowerInvariant(), Dtype = Dtype.ToString().ToLowerInvariant() };

    internal ScalarType TorchType => Dtype switch
    {
        ModelDtype.BFloat16 => bfloat16,
        ModelDtype.Float16 => float16,
        _ => float32,
    };

    /// <param name="device"><c>auto</c> (CUDA where there is one), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="dtype"><c>auto</c> (bfloat16 on CUDA, float32 on the CPU), <c>float32</c>, <c>bfloat16</c>, <c>float16</c> or <c>int8</c> (CPU only).</param>
    /// <exception cref="DeviceUnavailableException">A CUDA device is asked for that this machine or this build does not have, or a type that the device does not compute with.</exception>
    /// <exception cref="ArgumentException">Another word.</exception>
    public static ModelPlacement Parse(string device, string dtype)
    {
        var chosen = ParseDevice(device);
        var isCuda = chosen.type == TorchSharp.DeviceType.CUDA;
        return new ModelPlacement(chosen, dtype switch
        {
            "auto" => isCuda ? ModelDtype.BFloat16 : ModelDtype.Float32,
            "float32" => ModelDtype.Float32,
            "bfloat16" => ModelDtype.BFloat16,
            "float16" => ModelDtype.Float16,
            "int8" when isCuda => throw new DeviceUnavailableException("The type 'int8' is for the CPU. On CUDA choose bfloat16, float16 or float32."),
            "int8" => ModelDtype.Int8,
            _ => throw new ArgumentException($"The element type is '{dtype}', expected {Dtypes}.", nameof(dtype)),
        });
    }

    private static Device ParseDevice(string device)
    {
        switch (device)
        {
            case "auto":
                return cuda.is_available() ? CUDA : CPU;
            case "cpu":
                return CPU;
            case "cuda":
                RequireCuda(device, index: 0);
                return CUDA;
            default:
                if (!device.StartsWith("cuda:", StringComparison.Ordinal) || !int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                {
                    throw new ArgumentException($"The device is '{device}', expected {Devices}.", nameof(device));
                }

                RequireCuda(device, index);
                return new Device(TorchSharp.DeviceType.CUDA, index);
        }
    }

    private static void RequireCuda(string device, int index)
    {
        var count = cuda.is_available() ? cuda.device_count() : 0;
        if (index >= count)
        {
            throw new DeviceUnavailableException(
                $"The device '{device}' is asked for, but this program sees {count} CUDA devices. Choose cpu or auto, or build with -p:TorchBackend=cuda on a machine with a driver.");
        }
    }
}

#pragma warning disable CA1720 // names of types: that is what the values are

/// <summary>How many bits a transformer's weights have while it runs.</summary>
public enum ModelDtype
{
    Float32,
    BFloat16,
    Float16,

    /// <summary>8-bit whole numbers with one scale per output; arithmetic in float32. CPU only.</summary>
    Int8,
}
