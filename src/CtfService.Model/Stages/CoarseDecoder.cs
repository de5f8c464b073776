using CtfService.Core.Generation;
using CtfService.Model.Sampling;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1: draws the coarse labels of a batch one after another with a KV cache. Rows: one for each image, then one of the null class for each guided image.
/// Device thread only.
/// </summary>
public sealed class CoarseDecoder(ClassConditionalTransformer transformer, Device device)
{
    private readonly TransformerConfig _config = transformer.Config;

    /// <summary>Labels int64 [B, T] in raster order, owned by the caller.</summary>
    /// <param name="cancellation">Looked at before every decode step.</param>
    public Tensor Decode(IReadOnlyList<ImageSpecification> batch, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var rows = new GuidedRows([.. batch.Select(image => image.Coarse)], device);
        using var sampling = new RowSampling([.. batch.Select(image => image.Coarse)], _config.OutputVocabulary, device);
        var type = transformer.OutputWeight.dtype;
        using var cache = new KvCache(_config, batch.Count + rows.GuidedCount, type, device);
        var uniforms = ImageUniforms.Of(batch, SamplingStage.Coarse, _config.Positions, device); // [B, T]
        var labels = empty(batch.Count, _config.Positions, dtype: ScalarType.Int64, device: device);

        var logits = transformer.Prefill(rows.Classes(batch, _config.NullClass), cache);         // [R, C]
        for (var cell = 0; cell < _config.Positions; cell++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var label = CategoricalSampler.Sample(rows.Combine(logits, cell), sampling, uniforms.narrow(1, cell, 1)); // [B]
            labels.select(1, cell).copy_(label);
            logits.Dispose();
            if (cell + 1 < _config.Positions)
            {
                logits = transformer.DecodeStep(rows.WithNullRows(label), cell, cache).MoveToOuterDisposeScope();
            }
        }

        return labels.MoveToOuterDisposeScope();
    }
}
