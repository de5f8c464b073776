using System.Diagnostics;
using System.Runtime.InteropServices;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Coarse;
using CtfService.Model.Fine;
using CtfService.Model.Imaging;
using static TorchSharp.torch;

namespace CtfService.Model.Generation;

/// <summary>
/// The whole path of a batch: coarse labels one by one, tokens in one pass, pixels. A plain LlamaGen model has no fine stage: its coarse labels are the
/// tokens. Every method belongs to the thread that loaded the model.
/// </summary>
public sealed class CtfImageGenerator : IImageGenerator
{
    private readonly LoadedModel _parts;
    private readonly CoarseDecoder _coarse;
    private readonly FinePredictor? _fine;

    internal CtfImageGenerator(LoadedModel parts)
    {
        _parts = parts;
        _coarse = new CoarseDecoder(parts.Coarse, parts.Device);
        _fine = parts.Fine is null ? null : new FinePredictor(parts.Fine, parts.Clusters, parts.Device);
    }

    public ModelDescription Model => _parts.Description;

    /// <inheritdoc/>
    public IReadOnlyList<GeneratedImage> Generate(IReadOnlyList<ImageSpecification> batch, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(batch.Count, nameof(batch));
        foreach (var image in batch)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)image.ClassId, (uint)Model.Classes.Count, nameof(batch));
        }

        try
        {
            return Run(batch, cancellation);
        }
        catch (ExternalException error) when (IsOutOfMemory(error))
        {
            throw new OutOfDeviceMemoryException($"The device ran out of memory on a batch of {batch.Count} images; a smaller batch may fit.", error);
        }
    }

    public void Dispose()
    {
        _fine?.Dispose();
        _parts.Dispose();
    }

    private IReadOnlyList<GeneratedImage> Run(IReadOnlyList<ImageSpecification> batch, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var start = Stopwatch.GetTimestamp();
        var labels = _coarse.Decode(batch, cancellation);                         // [B, T]
        var hostLabels = ToHost(labels);                                          // waits for the device
        var coarseDone = Stopwatch.GetTimestamp();
        var tokens = _fine?.Predict(batch, labels) ?? labels;                     // [B, T]
        var hostTokens = _fine is null ? hostLabels : ToHost(tokens);
        var fineDone = Stopwatch.GetTimestamp();
        var grid = _parts.Coarse.Config;
        var pixels = _parts.Tokenizer.VqDecode(tokens, grid.GridHeight, grid.GridWidth).cpu(); // [B, 3, H, W]
        var decodeDone = Stopwatch.GetTimestamp();
        var timings = new StageTimings(
            Stopwatch.GetElapsedTime(start, coarseDone),
            _fine is null ? TimeSpan.Zero : Stopwatch.GetElapsedTime(coarseDone, fineDone),
            Stopwatch.GetElapsedTime(fineDone, decodeDone));
        return [.. batch.Select((image, i) => new GeneratedImage(image, Pixels.ToImage(pixels[i]), hostLabels[i], hostTokens[i], timings))];
    }

    /// <summary>[B, T] to one array per image.</summary>
    private static int[][] ToHost(Tensor labels)
    {
        using var narrow = labels.to(int32).cpu();
        return [.. narrow.data<int>().ToArray().Chunk((int)labels.shape[1])];
    }

    /// <summary>libtorch reports a full device only in the text of its error; the first is CUDA's, the second the CPU allocator's.</summary>
    private static bool IsOutOfMemory(ExternalException error) =>
        error.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) || error.Message.Contains("can't allocate memory", StringComparison.Ordinal);
}
