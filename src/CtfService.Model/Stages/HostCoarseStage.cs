using CtfService.Core.Generation;
using CtfService.Model.Engines;
using CtfService.Model.Sampling;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1 over an engine whose logits are in host memory: computes only the rows that are needed and samples on the host. A step allocates nothing unless an
/// image finishes.
/// </summary>
internal sealed class HostCoarseStage : ICoarseStage
{
    private readonly IDecodeEngine _engine;
    private readonly HostSampler _sampler;
    private readonly CoarseBatch _batch;
    private readonly DecodeRow[] _rows;
    private readonly float[] _logits; // [rows, V]

    /// <param name="engine">Disposed with the stage; not disposed if the constructor throws.</param>
    public HostCoarseStage(IDecodeEngine engine)
    {
        _engine = engine;
        _sampler = new HostSampler(engine.Config.OutputVocabulary);
        _batch = new CoarseBatch(engine.Capacity, engine.Config.Positions);
        _rows = new DecodeRow[engine.Capacity];
        _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    }

    public int Rows => _batch.Slots;

    public int FreeRows => _batch.FreeSlots;

    public int Count => _batch.All.Count;

    public bool StepsAllRows => false;

    public int CountOf(ImagePriority lowest) => _batch.CountOf(lowest);

    public int RowsOf(ImagePriority lowest) => _batch.SlotsOf(lowest);

    /// <inheritdoc/>
    public RunningImage Add(long id, ImageSpecification specification, ImagePriority priority = ImagePriority.Interactive) =>
        _batch.Add(id, specification, priority);

    /// <inheritdoc/>
    public bool Remove(long id) => _batch.Remove(id);

    /// <inheritdoc/>
    public IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk)
    {
        var count = LayOutRows(lowest);
        _engine.DecodeStep(_rows.AsSpan(0, count), _logits.AsSpan(0, count * _engine.Config.OutputVocabulary));
        var row = 0;
        foreach (var image in _batch.Of(lowest))
        {
            Draw(image, ref row);
        }

        var finished = _batch.Advance(lowest);
        foreach (var image in finished)
        {
            image.MarkCoarseDone();
        }

        return finished;
    }

    /// <summary>Does nothing: labels are drawn on the host.</summary>
    public void Fetch(IReadOnlyList<RunningImage> running)
    {
    }

    public void Dispose() => _engine.Dispose();

    /// <summary>Lays out the conditional row of each image, followed by its null-class row while guidance applies. Returns the number of rows.</summary>
    private int LayOutRows(ImagePriority lowest)
    {
        var count = 0;
        foreach (var image in _batch.Of(lowest))
        {
            var label = image.Position == 0 ? 0 : image.CoarseLabels[image.Position - 1];
            _rows[count++] = new DecodeRow(image.Slot, image.Position, image.Position == 0 ? image.Specification.ClassId : label);
            if (IsGuidedNow(image))
            {
                _rows[count++] = new DecodeRow(image.NullSlot!.Value, image.Position, image.Position == 0 ? _engine.Config.NullClass : label);
            }
        }

        return count;
    }

    private void Draw(RunningImage image, ref int row)
    {
        var settings = image.Specification.Coarse;
        var logits = Logits(row++);
        if (IsGuidedNow(image))
        {
            HostSampler.Guide(logits, Logits(row++), settings.GuidanceScale);
        }

        var uniform = CounterRandom.Uniform(image.Specification.Seed, SamplingStage.Coarse, image.Position);
        image.CoarseLabels[image.Position] = _sampler.Sample(logits, settings, uniform);
    }

    private static bool IsGuidedNow(RunningImage image) => image.NullSlot is not null && image.Position <= image.Specification.Coarse.LastGuidedPosition;

    private Span<float> Logits(int row) => _logits.AsSpan(row * _engine.Config.OutputVocabulary, _engine.Config.OutputVocabulary);
}
