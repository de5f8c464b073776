using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Fine;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>
/// Trains stage 2: every token from the class and all coarse labels, by cross-entropy among the members of the label's cluster.
/// </summary>
internal sealed class FineTask : ITrainingTask, IDisposable
{
    private const int HeldOutCount = 128;

    private readonly ClassConditionalTransformer _transformer;
    private readonly ClusterMap _map;
    private readonly ClusterMembers _members;
    private readonly StageData _data;
    private readonly SampleSheet _sheet;

    public FineTask(ClassConditionalTransformer transformer, ClusterMap map, StageData data, SampleSheet sheet)
    {
        _transformer = transformer;
        _map = map;
        _members = new ClusterMembers(map, CPU);
        _data = data;
        _sheet = sheet;
    }

    public nn.Module Module => _transformer;

    public StepLoss Forward(long step)
    {
        var loss = Loss(_data.Sample(step, _transformer.Config.NullClass));
        return new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss });
    }

    public IReadOnlyDictionary<string, double> Evaluate(string path)
    {
        var loss = Loss(_data.HeldOut(HeldOutCount));
        using var predictor = new FinePredictor(_transformer, _map, CPU);
        var layouts = _data.HeldOut(_sheet.Count);
        _sheet.Write(path, predictor.Predict(SampleSheet.Specifications(layouts.ClassIds, new SamplingSettings()), layouts.CoarseLabels));
        return new Dictionary<string, double> { ["held-out loss"] = loss.item<float>() };
    }

    public void Dispose() => _members.Dispose();

    private Tensor Loss(StageBatch batch)
    {
        var hidden = _transformer.Hidden(batch.ClassIds, batch.CoarseLabels).narrow(1, 1, batch.Tokens.shape[1]).flatten(0, 1); // [B*T, D]
        var labels = batch.CoarseLabels.flatten();
        var logits = _members.Select(_transformer.Score(hidden), labels); // [B*T, M]; one dense product trains faster than gathered rows
        return nn.functional.cross_entropy(logits, _members.Places(batch.Tokens));
    }
}
