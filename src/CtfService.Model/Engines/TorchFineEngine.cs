using CtfService.Model.Clusters;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Engines;

/// <summary>
/// The fine pass by libtorch, on any device. On the CPU it runs one image at a time: libtorch's sums depend on the shape of a product, and one image fills a
/// product well, so an image's tokens do not depend on its batch.
/// </summary>
public sealed class TorchFineEngine : IFineEngine
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly Device _device;
    private readonly ClusterMembers _members;
    private readonly FinePassCheck _check;
    private readonly int _imagesAtOnce;

    /// <param name="transformer">In evaluation mode. Not disposed.</param>
    public TorchFineEngine(ClassConditionalTransformer transformer, ClusterMap map, Device device, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _transformer = transformer;
        _device = device;
        Capacity = capacity;
        LargestCluster = map.LargestCluster;
        _check = new FinePassCheck(transformer.Config, map, capacity);
        _members = new ClusterMembers(map, device);
        _imagesAtOnce = device.type == TorchSharp.DeviceType.CPU ? 1 : capacity;
    }

    public TransformerConfig Config => _transformer.Config;

    public int Capacity { get; }

    public int LargestCluster { get; }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation = default)
    {
        _check.RequireRun(classIds, coarseLabels, hidden);
        var (cells, states) = (Config.Positions, Config.Positions * Config.Width);
        for (var image = 0; image < classIds.Length; image += _imagesAtOnce)
        {
            var count = Math.Min(_imagesAtOnce, classIds.Length - image);
            RunTogether(
                classIds.Slice(image, count),
                coarseLabels.Slice(image * cells, count * cells),
                hidden.Slice(image * states, count * states),
                cancellation);
        }
    }

    /// <inheritdoc/>
    public void ScoreMembers(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
    {
        _check.RequireScores(hidden, coarseLabels, logits);
        var atOnce = _imagesAtOnce * Config.Positions;
        for (var cell = 0; cell < coarseLabels.Length; cell += atOnce)
        {
            var count = Math.Min(atOnce, coarseLabels.Length - cell);
            ScoreTogether(
                hidden.Slice(cell * Config.Width, count * Config.Width),
                coarseLabels.Slice(cell, count),
                logits.Slice(cell * LargestCluster, count * LargestCluster));
        }
    }

    public void Dispose() => _members.Dispose();

    private void RunTogether(ReadOnlySpan<int> classIds, ReadOnlySpan<int> coarseLabels, Span<float> hidden, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var labels = ToDevice(coarseLabels).reshape(classIds.Length, Config.Positions);
        var states = _transformer.Hidden(ToDevice(classIds), labels, cancellation).narrow(1, 1, Config.Positions); // [B, T, D]
        ToHost(states, hidden);
    }

    private void ScoreTogether(ReadOnlySpan<float> hidden, ReadOnlySpan<int> coarseLabels, Span<float> logits)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var head = _transformer.OutputWeight;
        var states = tensor(hidden.ToArray(), [coarseLabels.Length, Config.Width], head.dtype, _device);
        ToHost(_members.Score(states, ToDevice(coarseLabels), head), logits);
    }

    private Tensor ToDevice(ReadOnlySpan<int> values) => tensor(values.ToArray(), int64, _device);

    private static void ToHost(Tensor values, Span<float> target) => values.to(float32).cpu().contiguous().data<float>().CopyTo(target);
}
