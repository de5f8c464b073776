using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Engines;
using CtfService.Model.Loading;
using CtfService.Model.Memory;
using CtfService.Model.Stages.Windows;

namespace CtfService.Model.Generation;

/// <summary>Loads a bundle's generator.</summary>
/// <param name="placement">
/// Called when the model is loaded, because looking for devices loads libtorch; null for <see cref="ModelPlacement.Automatic"/>.
/// </param>
/// <param name="rows">Rows of a decode step. An image takes one, or two with guidance.</param>
public sealed class CtfImageGeneratorFactory(string bundleDirectory, Func<ModelPlacement>? placement = null, int rows = 16) : IImageGeneratorFactory
{
    /// <summary>Copies that share the CPU load one after another, so that memory holds the buffers of one load, and each checks what the others left.</summary>
    private static readonly Lock CopyLoads = new();

    /// <summary>
    /// True if another model keeps serving and must not run short of memory: loading fails if memory cannot hold both. Default false.
    /// </summary>
    public bool AlongsideAnother { get; init; }

    /// <summary>
    /// Most positions of an image whose labels one decode step may draw, 1 to <see cref="DecodeWork.LargestWindow"/>; null, the default, to choose it by
    /// measurement when the model is loaded.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int? MaxWindow
    {
        get;
        init => field = value is null or (>= 1 and <= DecodeWork.LargestWindow)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxWindow), value, $"A window has 1 to {DecodeWork.LargestWindow} positions.");
    }

    /// <inheritdoc cref="ModelPlacement.Windows"/>
    internal WindowParts? Windows { get; init; }

    /// <inheritdoc cref="ModelPlacement.DecorateEngine"/>
    internal Func<IDecodeEngine, IDecodeEngine>? DecorateEngine { get; init; }

    /// <summary>Replaces parts of a loaded model by others that inject faults; null, the default, for none.</summary>
    internal Func<LoadedModel, LoadedModel>? Decorate { get; init; }

    /// <inheritdoc/>
    public IImageGenerator Load(CancellationToken cancellation) => Load(Generator, cancellation);

    /// <summary>As <see cref="Load(CancellationToken)"/>, but returns the parts of the model, which the caller owns.</summary>
    internal LoadedModel LoadParts(CancellationToken cancellation) => Load(parts => parts, cancellation);

    private T Load<T>(Func<LoadedModel, T> use, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        NativeLibraries.RequireSystem();
        OpenMpWaiting.Sleep(); // before the first use of libtorch
        try
        {
            DecodeThreads.Use();
            var placed = (placement?.Invoke() ?? ModelPlacement.Automatic) with
            {
                MaxWindow = MaxWindow,
                Windows = Windows,
                DecorateEngine = DecorateEngine,
            };
            if (placed.Copies == 1)
            {
                return use(Load(placed, cancellation));
            }

            lock (CopyLoads)
            {
                return use(Load(placed, cancellation));
            }
        }
        catch (Exception error) when (NativeLibraries.Explain(error) is { } message)
        {
            throw new DeviceUnavailableException(message, error);
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            throw new OutOfDeviceMemoryException(
                "The device has too little free memory for the model. Free memory on it, lower Inference:MaxBatchRows, or choose a smaller Model:Dtype.",
                error);
        }
    }

    private LoadedModel Load(ModelPlacement placed, CancellationToken cancellation) =>
        BundleLoader.Load(bundleDirectory, placed, rows, AlongsideAnother, cancellation: cancellation);

    private CtfImageGenerator Generator(LoadedModel model)
    {
        try
        {
            return new CtfImageGenerator(Decorate?.Invoke(model) ?? model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
