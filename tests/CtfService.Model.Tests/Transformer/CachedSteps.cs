using CtfService.Model.Memory;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

/// <summary>A transformer run step by step with the KV cache.</summary>
internal static class CachedSteps
{
    /// <summary>Logits of each step, [R, S, V], in the caller's scope.</summary>
    /// <param name="classIds">int64 [R].</param>
    /// <param name="labels">int64 [R, at least S - 1].</param>
    public static Tensor Logits(ClassConditionalTransformer transformer, Tensor classIds, Tensor labels, int steps)
    {
        using var cache = new KvCache(transformer.Config, (int)classIds.shape[0], float32, new DeviceMemory(CPU));
        var logits = new List<Tensor>();
        for (var position = 0; position < steps; position++)
        {
            var positions = full_like(classIds, position).unsqueeze(1); // [R, 1]
            cache.Begin(positions);
            logits.Add(transformer.DecodeStep((position == 0 ? classIds : labels.select(1, position - 1)).unsqueeze(1), positions, cache).squeeze(1));
        }

        return stack(logits, dim: 1);
    }
}
