using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 2: reads all coarse labels with full attention and draws every token in one pass, each among the members of its position's cluster.
/// Device thread only.
/// </summary>
public sealed class FinePredictor : IDisposable
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly ClusterMembers _members;
    private readonly Device _device;

    public FinePredictor(ClassConditionalTransformer transformer, ClusterMap map, Device device)
    {
        _transformer = transformer;
        _members = new ClusterMembers(map, device);
        _device = device;
    }

    /// <summary>Tokens int64 [B, T] for coarse labels int64 [B, T], owned by the caller.</summary>
    public Tensor Predict(IReadOnlyList<ImageSpecification> batch, Tensor coarseLabels)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var positions = _transformer.Config.Positions;
        using var rows = new GuidedRows([.. batch.Select(image => image.Fine)], _device);
        using var sampling = new RowSampling([.. batch.Select(image => image.Fine)], _members.Width, _device, positions);
        var labels = rows.WithNullRows(coarseLabels);                                                             // [R, T]
        var hidden = _transformer.Hidden(rows.Classes(batch, _transformer.Config.NullClass), labels)
            .narrow(1, 1, positions).flatten(0, 1);                                                               // [R*T, D]
        var logits = _members.Score(hidden, labels.flatten(), _transformer.OutputWeight).reshape(-1, positions, _members.Width);
        var guided = rows.Combine(logits).flatten(0, 1);                                                          // [B*T, M]
        var uniforms = ImageUniforms.Of(batch, SamplingStage.Fine, positions, _device).reshape(-1, 1);            // [B*T, 1]
        var places = CategoricalSampler.Sample(guided, sampling, uniforms);                                       // [B*T]
        return _members.Tokens(places, coarseLabels.flatten()).reshape(-1, positions).MoveToOuterDisposeScope();
    }

    public void Dispose() => _members.Dispose();
}
