using CtfService.Core.Generation;
using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>
/// Arranges a batch of images as model rows: B conditional rows, then one unconditional row per guided image. Owns its tensors.
/// </summary>
internal sealed class GuidedRows : IDisposable
{
    private readonly Device _device;
    private readonly Tensor _guided; // [G] int64: the images that have an unconditional row
    private readonly Tensor _scales; // [G]: the guidance scales
    private readonly Tensor _lastGuidedPositions; // [G] int64: the last guided position
    private readonly bool _anyIntervalEnds;

    public GuidedRows(IReadOnlyList<SamplingSettings> images, Device device)
    {
        _device = device;
        long[] guided = [.. Enumerable.Range(0, images.Count).Where(i => images[i].IsGuided).Select(i => (long)i)];
        GuidedCount = guided.Length;
        using var scope = NewDisposeScope(); // frees the first tensors if a later one cannot be allocated
        _guided = tensor(guided, device: device);
        _scales = tensor(guided.Select(i => images[(int)i].GuidanceScale).ToArray(), device: device);
        long[] lastGuidedPositions = [.. guided.Select(i => images[(int)i].LastGuidedPosition)];
        _lastGuidedPositions = tensor(lastGuidedPositions, device: device);
        scope.Detach(_guided, _scales, _lastGuidedPositions);
        _anyIntervalEnds = lastGuidedPositions.Any(last => last < long.MaxValue);
    }

    /// <summary>Gets G, the number of guided images.</summary>
    public int GuidedCount { get; }

    /// <summary>Returns the class of every row, int64 [B + G].</summary>
    public Tensor Classes(IReadOnlyList<ImageSpecification> batch, long nullClass) =>
        tensor(batch.Select(image => (long)image.ClassId).Concat(Enumerable.Repeat(nullClass, GuidedCount)).ToArray(), device: _device);

    /// <summary>Repeats the rows of guided images as their unconditional rows: [B, ..] to [B + G, ..].</summary>
    public Tensor WithNullRows(Tensor perImage)
    {
        if (GuidedCount == 0)
        {
            return perImage.alias();
        }

        using var repeated = perImage.index_select(0, _guided);
        return cat([perImage, repeated]);
    }

    /// <summary>Applies guidance: [B + G, .., V] to [B, .., V].</summary>
    /// <param name="position">Position of the logits in raster order. Images whose guidance interval ends before it get their conditional logits. Position
    /// 0 is always guided.</param>
    public Tensor Combine(Tensor logits, long position = 0)
    {
        if (GuidedCount == 0)
        {
            return logits.alias();
        }

        using var scope = NewDisposeScope();
        var images = logits.shape[0] - GuidedCount;
        var conditional = logits.narrow(0, 0, images);
        var own = conditional.index_select(0, _guided);                                                  // [G, .., V]
        long[] perImage = [GuidedCount, .. Enumerable.Repeat(1L, logits.shape.Length - 1)];
        var combined = Guidance.Combine(own, logits.narrow(0, images, GuidedCount), _scales.reshape(perImage));
        if (_anyIntervalEnds)
        {
            combined = where(_lastGuidedPositions.greater_equal(position).reshape(perImage), combined, own);
        }

        return conditional.index_copy(0, _guided, combined).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _guided.Dispose();
        _scales.Dispose();
        _lastGuidedPositions.Dispose();
    }
}
