using System.CommandLine;
using System.Globalization;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;

namespace CtfService.Cli.Commands.Datasets;

/// <summary>The models that generate a data set at the same time, spread over the devices.</summary>
/// <param name="bundle">Folder of the bundle.</param>
/// <param name="device">As the user named it.</param>
/// <param name="count">Number of models; null for one per device.</param>
internal sealed class DatasetWorkers(string bundle, string device, string dtype, int? count)
{
    /// <summary>Rows of a decode step on the CPU, where more are not faster: 32 images with guidance.</summary>
    private const int CpuRows = 64;

    /// <summary>Rows of a decode step on a CUDA device, which needs more to be busy; fewer if its memory is short.</summary>
    private const int CudaRows = 512;

    private readonly int _cudaDevices = device is "auto" or "cuda" ? ModelPlacement.CudaDevices : 0;

    /// <summary>Number of models.</summary>
    public int Count => count ?? Math.Max(1, _cudaDevices);

    public static DatasetWorkers Of(DatasetOptions options, ParseResult arguments) => new(
        options.Bundle.Folder(arguments),
        arguments.GetRequiredValue(options.Placement.Device),
        arguments.GetRequiredValue(options.Placement.Dtype),
        arguments.GetValue(options.Workers));

    /// <summary>Loads a model on the thread that will own it.</summary>
    /// <param name="number">0 to <see cref="Count"/>-1.</param>
    public IImageGenerator Load(int number, CancellationToken cancellation)
    {
        var placed = _cudaDevices > 0 ? string.Create(CultureInfo.InvariantCulture, $"cuda:{number % _cudaDevices}") : device;
        var rows = _cudaDevices > 0 || device.StartsWith("cuda", StringComparison.Ordinal) ? CudaRows : CpuRows;
        return new CtfImageGeneratorFactory(bundle, () => ModelPlacement.Parse(placed, dtype), rows).Load(cancellation);
    }
}
