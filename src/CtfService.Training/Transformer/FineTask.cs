using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Stages;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;
using static TorchSharp.torch;

namespace CtfService.Training.Transformer;

/// <summary>
/// Trains the fine stage to predict every token from the class and all coarse labels, with cross-entropy over the members of the label's cluster or over all
/// codewords.
/// </summary>
internal sealed class FineTask : ITrainingTask, IDisposable
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly ClusterMap _map;
    private readonly FineHead _head;
    private readonly ClusterMembers _members;
    private readonly StageData _data;
    private readonly SampleSheet _sheet;
    private readonly HeadScoring _scoring;

    public FineTask(ClassConditionalTransformer transformer, ClusterMap map, FineHead head, StageData data, SampleSheet sheet)
    {
        _transformer = transformer;
        _map = map;
        _head = head;
        _members = new ClusterMembers(map, CPU);
        _data = data;
        _sheet = sheet;
        _scoring = HeadScoring.OfMembers(map.CodebookSize, map.LargestCluster);
    }

    public nn.Module Module => _transformer;

    public StepLoss Forward(long step)
    {
        var loss = Loss(_data.Sample(step, _transformer.Config.NullClass));
        return new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss });
    }

    public IReadOnlyDictionary<string, double> Evaluate(string path)
    {
        var loss = _data.HeldOutLoss(TransformerTraining.HeldOutCount, Loss);
        var images = SampleSheet.Specifications(_data.HeldOut(_sheet.Count), new SamplingSettings());
        _sheet.Write(path, ModuleSampler.DrawTokens(_transformer, _map, images));
        return new Dictionary<string, double> { [TransformerTraining.HeldOutLoss] = loss };
    }

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => figures[TransformerTraining.HeldOutLoss];

    public void Dispose() => _members.Dispose();

    private Tensor Loss(StageBatch batch)
    {
        var hidden = _transformer.Hidden(batch.ClassIds, batch.CoarseLabels).narrow(1, 1, batch.Tokens.shape[1]).flatten(0, 1); // [B*T, D]
        if (_head == FineHead.Codebook)
        {
            return nn.functional.cross_entropy(_transformer.Score(hidden), batch.Tokens.flatten());
        }

        var labels = batch.CoarseLabels.flatten();
        var logits = _scoring.IsGathered
            ? _members.Score(hidden, labels, _transformer.OutputWeight)
            : _members.Select(_transformer.Score(hidden), labels); // [B*T, M]
        return nn.functional.cross_entropy(logits, _members.Places(batch.Tokens));
    }
}
