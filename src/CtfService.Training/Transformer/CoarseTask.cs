using CtfService.Core.Generation;
using CtfService.Model.Stages;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>Trains the coarse stage to predict each coarse label from the class and the preceding labels, with cross-entropy.</summary>
internal sealed class CoarseTask(ClassConditionalTransformer transformer, StageData data, SampleSheet sheet, Device device) : ITrainingTask
{
    private StageBatch? _batch;

    public nn.Module Module => transformer;

    public ImageWork Work => StageWork.Of(transformer.Config);

    public void Load(long step) => _batch = data.Sample(step, transformer.Config.NullClass).To(device);

    public StepLoss Forward(long step, BatchPart part)
    {
        var loss = Loss(transformer, _batch!.Part(part));
        return new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss });
    }

    public IReadOnlyDictionary<string, double> Evaluate() => HeldOutScore.Measure(data, device, Score);

    public void Sample(string path) =>
        sheet.WritePreviews(path, sheet.DrawLayouts(new SamplingSettings(GuidanceScale: 2), images => ModuleSampler.DrawLayouts(transformer, images)));

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => figures[TransformerTraining.HeldOutLoss];

    /// <summary>Returns the mean cross-entropy of every label, given the class and the preceding labels.</summary>
    internal static Tensor Loss(ClassConditionalTransformer transformer, StageBatch batch) =>
        nn.functional.cross_entropy(Logits(transformer, batch), batch.CoarseLabels.flatten());

    private HeldOutScore Score(StageBatch batch)
    {
        var (logits, labels) = (Logits(transformer, batch), batch.CoarseLabels.flatten());
        return HeldOutScore.Of(logits, labels);
    }

    /// <summary>Returns the logits of every label: [B*T, C].</summary>
    private static Tensor Logits(ClassConditionalTransformer transformer, StageBatch batch)
    {
        var positions = transformer.Config.Positions;
        return transformer.call(batch.ClassIds, batch.CoarseLabels.narrow(1, 0, positions - 1)).flatten(0, 1);
    }
}
