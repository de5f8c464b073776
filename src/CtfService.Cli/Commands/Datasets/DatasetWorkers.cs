using System.CommandLine;
using System.Globalization;
using CtfService.Cli.Shell;
using CtfService.Core.Models;
using CtfService.Model.Generation;
using CtfService.Model.Loading;

namespace CtfService.Cli.Commands.Datasets;

/// <summary>The models that generate a data set at the same time, spread over the devices.</summary>
/// <param name="bundle">Folder of the bundle.</param>
/// <param name="device">As the user named it.</param>
/// <param name="count">Number of models; null for one per device.</param>
internal sealed class DatasetWorkers(Terminal terminal, string bundle, string device, string dtype, int? count)
{
    /// <summary>Rows of a decode step on the CPU, where more are not faster: 32 images with guidance.</summary>
    private const int CpuRows = 64;

    /// <summary>Rows of a decode step on a CUDA device, which needs more to be busy; fewer if its memory is short.</summary>
    private const int CudaRows = 512;

    private readonly int _cudaDevices = device is "auto" or "cuda" ? ModelPlacement.CudaDevices : 0;

    /// <summary>Number of models.</summary>
    public int Count => count ?? Math.Max(1, _cudaDevices);

    public static DatasetWorkers Of(Terminal terminal, DatasetOptions options, ParseResult arguments) => new(
        terminal,
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
        var factory = new CtfImageGeneratorFactory(bundle, () => ModelPlacement.Parse(placed, dtype), rows);
        return number == 0 ? factory.Load(terminal, cancellation) : factory.Load(cancellation); // all choose the same element type
    }
}
