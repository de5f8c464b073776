using System.Globalization;
using CtfService.Core.Models;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Engines;
using CtfService.Model.Stages.Windows;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>The device of a model's tensors and the element type of its transformers.</summary>
/// <param name="Device">An available device.</param>
/// <param name="Dtype">The element type of both transformers. The tokenizer is always float32, as in the reference's sampling scripts.</param>
public sealed record ModelPlacement(Device Device, ModelDtype Dtype)
{
    /// <summary>The devices that <see cref="Parse"/> accepts, as a regular expression.</summary>
    public const string DevicePattern = "^(auto|cpu|cuda(:[0-9]{1,3})?)$";

    /// <summary>The element types that <see cref="Parse"/> accepts, as a regular expression.</summary>
    public const string DtypePattern = "^(auto|float32|bfloat16|float16|int8)$";

    /// <summary>The accepted devices, for messages.</summary>
    public const string Devices = "auto, cpu, cuda or cuda:N";

    /// <summary>The accepted element types, for messages.</summary>
    public const string Dtypes = "auto, float32, bfloat16, float16, or int8 on the CPU";

    /// <summary>
    /// Number of copies of the model in this process that share the CPU; 1 on CUDA. Each copy gets its part of the cores, and of the memory for keys and
    /// values.
    /// </summary>
    public int Copies { get; init; } = 1;

    /// <summary>Most positions of an image in a decode step, 1 to <see cref="DecodeWork.LargestWindow"/>; null to choose it by measurement.</summary>
    internal int? MaxWindow { get; init; }

    /// <summary>Parts of the coarse stage that a benchmark replaces, on the CPU engine; null for none.</summary>
    internal WindowParts? Windows { get; init; }

    /// <summary>Wraps the CPU engine of the coarse stage in one that injects faults; null, the default, for none.</summary>
    internal Func<IDecodeEngine, IDecodeEngine>? DecorateEngine { get; init; }

    /// <summary>Width of the vectors of our CPU engine, which then computes all stages; null for the widest, the default.</summary>
    internal VectorWidth? Width { get; init; }

    /// <summary>
    /// True if the element type is chosen when the model is loaded, among those that its evaluation allows; <see cref="Dtype"/> is float32 until then.
    /// </summary>
    public bool ChoosesDtype { get; init; }

    /// <summary>Number of threads of our CPU engine: the cores, or the part of them that belongs to one copy, but at least one.</summary>
    internal int Threads => Math.Max(1, Environment.ProcessorCount / Copies);

    /// <summary>CUDA with bfloat16 if a CUDA device exists, otherwise the CPU with the element type that is chosen when the model is loaded.</summary>
    public static ModelPlacement Automatic => Parse("auto", "auto");

    /// <summary>Number of CUDA devices that this program sees. Loads libtorch.</summary>
    public static int CudaDevices => cuda.is_available() ? cuda.device_count() : 0;

    /// <summary>The weight format of our CPU engine; null if libtorch computes: on CUDA, and with float16, which CPUs multiply slowly.</summary>
    internal WeightFormat? CpuFormat => (Device.type, Dtype) switch
    {
        (TorchSharp.DeviceType.CPU, ModelDtype.Float32) => WeightFormat.Float32,
        (TorchSharp.DeviceType.CPU, ModelDtype.BFloat16) => WeightFormat.BFloat16,
        (TorchSharp.DeviceType.CPU, ModelDtype.Int8) => WeightFormat.Int8,
        _ => null,
    };

    /// <summary>Returns the description with device and element type filled in.</summary>
    internal ModelDescription Complete(ModelDescription model) =>
        model with { Device = Device.type.ToString().ToLowerInvariant(), Dtype = Dtype.ToString().ToLowerInvariant() };

    internal ScalarType TorchType => Dtype switch
    {
        ModelDtype.BFloat16 => bfloat16,
        ModelDtype.Float16 => float16,
        _ => float32,
    };

    /// <summary>Parses the settings of device and element type.</summary>
    /// <param name="device"><c>auto</c> (CUDA if available), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="dtype">
    /// <c>auto</c> (bfloat16 on CUDA; on the CPU <see cref="ChoosesDtype"/>), <c>float32</c>, <c>bfloat16</c>, <c>float16</c> or <c>int8</c> (CPU only).
    /// </param>
    /// <exception cref="DeviceUnavailableException">
    /// This machine or this build does not have the CUDA device, or the device does not support the element type.
    /// </exception>
    /// <exception cref="ArgumentException">A value is not one of these.</exception>
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
            "int8" when isCuda => throw new DeviceUnavailableException(
                "The type 'int8' is supported on the CPU only. On CUDA choose bfloat16, float16 or float32."),
            "int8" => ModelDtype.Int8,
            _ => throw new ArgumentException($"The element type is '{dtype}', expected {Dtypes}.", nameof(dtype)),
        })
        { ChoosesDtype = dtype == "auto" && !isCuda };
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
                if (!device.StartsWith("cuda:", StringComparison.Ordinal)
                    || !int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
                {
                    throw new ArgumentException($"The device is '{device}', expected {Devices}.", nameof(device));
                }

                RequireCuda(device, index);
                return new Device(TorchSharp.DeviceType.CUDA, index);
        }
    }

    private static void RequireCuda(string device, int index)
    {
        if (index >= CudaDevices)
        {
            throw new DeviceUnavailableException(
                $"The device is '{device}', but this program sees {CudaDevices} CUDA devices. "
                + "Choose cpu or auto, or build with -p:TorchBackend=cuda on a machine with a driver.");
        }
    }
}

#pragma warning disable CA1720 // the values are types, so their names are names of types

/// <summary>The element type of a transformer's weights in memory.</summary>
public enum ModelDtype
{
    Float32,
    BFloat16,
    Float16,

    /// <summary>8-bit integers with one scale per output; arithmetic in float32. CPU only.</summary>
    Int8,
}
