using CtfService.Core.Generation;
using CtfService.Model.Checkpoints;
using CtfService.Model.Sampling;
using CtfService.Model.Stages;
using CtfService.Model.Tests.Transformer;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Golden;

/// <summary>Runs our transformer on the inputs of a golden file: all positions at once, and step by step with a guided batch.</summary>
public sealed class TransformerRun : IGoldenRun<TransformerRun>, IDisposable
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly ModuleOutputs _outputs;

    private TransformerRun(string name)
    {
        Golden = GoldenModels.Values(name);
        _transformer = GoldenModels.Transformer(name);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var classIds = Golden.Read("class_ids", int64);
        var tokens = Golden.Read("token_ids", int64);
        StepLogits = StepThrough(classIds, tokens).DetachFromDisposeScope();

        var nullIds = full_like(classIds, _transformer.Config.NullClass);
        var guided = StepThrough(cat([classIds, nullIds]), cat([tokens, tokens])); // one batch [conditional; unconditional]
        ConditionalLogits = guided.narrow(0, 0, classIds.shape[0]).DetachFromDisposeScope();
        UnconditionalLogits = guided.narrow(0, classIds.shape[0], classIds.shape[0]).DetachFromDisposeScope();

        Tensor? full = null;
        _outputs = ModuleOutputs.During(_transformer, () => full = _transformer.call(classIds, tokens));
        FullLogits = full!.DetachFromDisposeScope();
    }

    public SafetensorsFile Golden { get; }

    /// <summary>[B, 1+T, V].</summary>
    public Tensor FullLogits { get; }

    /// <summary>[B, T, V], with the KV cache.</summary>
    public Tensor StepLogits { get; }

    /// <summary>[B, T, V].</summary>
    public Tensor ConditionalLogits { get; }

    /// <summary>[B, T, V].</summary>
    public Tensor UnconditionalLogits { get; }

    public static TransformerRun Of(string name) => new(name);

    /// <summary>[1+T, Dh/2, 2]: cosines and sines.</summary>
    public Tensor Rope()
    {
        using var table = new RopeTable(_transformer.Config, CPU);
        var slice = table.Slice(0, 1 + _transformer.Config.Positions);
        return stack([slice.Cosine.squeeze(1), slice.Sine.squeeze(1)], dim: -1);
    }

    /// <summary>[B, 1+T, D] of the pass over all positions.</summary>
    public Tensor Output(string module) => _outputs.Output(module);

    /// <summary>[B, 1+T, D] as it enters a block.</summary>
    public Tensor Input(string module) => _outputs.Input(module);

    public Tensor GuidedLogits(float scale) => Guidance.Combine(ConditionalLogits, UnconditionalLogits, tensor(scale));

    /// <summary>Labels [B, T] that take the highest logit at every step.</summary>
    public Tensor Greedy(float guidanceScale, int guidanceInterval = SamplingSettings.AlwaysGuided)
    {
        var settings = new SamplingSettings(TopK: 1, GuidanceScale: guidanceScale, GuidanceInterval: guidanceInterval);
        using var classIds = Golden.Read("greedy_class_ids", int64);
        ImageSpecification[] batch = [.. classIds.data<long>().Select(id => new ImageSpecification((int)id, 0, settings, settings))];
        var layouts = ModuleSampler.DrawLayouts(_transformer, batch);
        return tensor(layouts.SelectMany(layout => layout).ToArray(), [batch.Length, _transformer.Config.Positions], int64);
    }

    public void Dispose()
    {
        FullLogits.Dispose();
        StepLogits.Dispose();
        ConditionalLogits.Dispose();
        UnconditionalLogits.Dispose();
        _outputs.Dispose();
        _transformer.Dispose();
        Golden.Dispose();
    }

    private Tensor StepThrough(Tensor classIds, Tensor tokens) => CachedSteps.Logits(_transformer, classIds, tokens, _transformer.Config.Positions);
}
