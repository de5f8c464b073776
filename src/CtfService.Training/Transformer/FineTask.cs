using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Stages;
using CtfService.Model.Transformer;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;
using CtfService.Training.Progress;
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
    private readonly Device _device;
    private StageBatch? _batch;

    public FineTask(ClassConditionalTransformer transformer, ClusterMap map, FineHead head, StageData data, SampleSheet sheet, Device device)
    {
        _transformer = transformer;
        _map = map;
        _head = head;
        _members = new ClusterMembers(map, device);
        _data = data;
        _sheet = sheet;
        _scoring = HeadScoring.OfMembers(map.CodebookSize, map.LargestCluster);
        _device = device;
    }

    public nn.Module Module => _transformer;

    public ImageWork Work => StageWork.Of(_transformer.Config, _head == FineHead.Cluster ? _scoring.Scored(_transformer.Config) : null);

    public void Load(long step) => _batch = _data.Sample(step, _transformer.Config.NullClass).To(_device);

    public StepLoss Forward(long step, BatchPart part)
    {
        var (logits, targets) = Logits(_batch!.Part(part));
        var loss = nn.functional.cross_entropy(logits, targets);
        return new StepLoss(loss, new Dictionary<string, Tensor> { ["loss"] = loss });
    }

    public IReadOnlyDictionary<string, double> Evaluate() => HeldOutScore.Measure(_data, _device, batch =>
    {
        var (logits, targets) = Logits(batch);
        return HeldOutScore.Of(logits, targets);
    });

    public void Sample(string path)
    {
        var images = SampleSheet.Specifications(_data.HeldOut(_sheet.Count), new SamplingSettings());
        _sheet.Write(path, ModuleSampler.DrawTokens(_transformer, _map, images));
    }

    public double? CostOf(IReadOnlyDictionary<string, double> figures) => figures[TransformerTraining.HeldOutLoss];

    public void Dispose() => _members.Dispose();

    /// <summary>
    /// Returns the logits of every position, [B*T, M] over the members of its cluster or [B*T, K] over the codebook, and the places of the right ones, [B*T].
    /// </summary>
    private (Tensor Logits, Tensor Targets) Logits(StageBatch batch)
    {
        var hidden = _transformer.Hidden(batch.ClassIds, batch.CoarseLabels).narrow(1, 1, batch.Tokens.shape[1]).flatten(0, 1); // [B*T, D]
        if (_head == FineHead.Codebook)
        {
            return (_transformer.Score(hidden), batch.Tokens.flatten());
        }

        var labels = batch.CoarseLabels.flatten();
        var logits = _scoring.IsGathered
            ? _members.Score(hidden, labels, _transformer.OutputWeight)
            : _members.Select(_transformer.Score(hidden), labels); // [B*T, M]
        return (logits, _members.Places(batch.Tokens));
    }
}
