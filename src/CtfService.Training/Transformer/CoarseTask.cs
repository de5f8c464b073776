using CtfService.Core.Generation;
using CtfService.Model.Stages;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Trains the coarse stage to predict each coarse label from the class and the preceding labels, with cross-entropy.</summary>
internal sealed class CoarseTask(ClassConditionalTransformer transformer, StageData data, SampleSheet sheet) : ITrainingTask
{
    public nn.Module Module => transformer;

    public StepLoss Forward(long step)
    {
        var loss = Loss(transformer, data.Sample(step, transformer.Config.NullClass));
        return new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss });
    }

    public IReadOnlyDictionary<string, double> Evaluate(string path)
    {
        var loss = data.HeldOutLoss(TransformerTraining.HeldOutCount, batch => Loss(transformer, batch));
        sheet.WritePreviews(path, ModuleSampler.DrawLayouts(transformer, sheet.Specifications(new SamplingSettings(GuidanceScale: 2))));
        return new Dictionary<string, double> { [TransformerTraining.HeldOutLoss] = loss };
    }

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => figures[TransformerTraining.HeldOutLoss];

    /// <summary>Returns the mean cross-entropy of every label, given the class and the preceding labels.</summary>
    internal static Tensor Loss(ClassConditionalTransformer transformer, StageBatch batch)
    {
        var positions = transformer.Config.Positions;
        var logits = transformer.call(batch.ClassIds, batch.CoarseLabels.narrow(1, 0, positions - 1)); // [B, T, C]
        return nn.functional.cross_entropy(logits.flatten(0, 1), batch.CoarseLabels.flatten());
    }
}
