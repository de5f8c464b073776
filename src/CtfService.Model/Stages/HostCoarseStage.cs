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
    private readonly int[] _positions; // of each image in the step
    private readonly float[] _logits; // [rows, V]

    /// <param name="engine">Disposed with the stage; not disposed if the constructor throws.</param>
    public HostCoarseStage(IDecodeEngine engine)
    {
        _engine = engine;
        _sampler = new HostSampler(engine.Config.OutputVocabulary);
        _batch = new CoarseBatch(engine.Capacity);
        _rows = new DecodeRow[engine.Capacity];
        _positions = new int[engine.Capacity];
        _logits = new float[engine.Capacity * engine.Config.OutputVocabulary];
    }

    public int Rows => _batch.Slots;

    public int FreeRows => _batch.FreeSlots;

    public int Count => _batch.All.Count;

    public bool StepsAllRows => false;

    public int LastStepRows { get; private set; }

    public int CountOf(ImagePriority lowest) => _batch.CountOf(lowest);

    public int RowsOf(ImagePriority lowest) => _batch.SlotsOf(lowest);

    /// <inheritdoc/>
    public void Add(RunningImage image) => _batch.Add(image);

    /// <inheritdoc/>
    public bool Remove(long id) => _batch.Remove(id);

    /// <inheritdoc/>
    public IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk)
    {
        var count = LayOutRows(lowest);
        _engine.DecodeStep(_rows.AsSpan(0, count), _logits.AsSpan(0, count * _engine.Config.OutputVocabulary));
        LastStepRows = count;
        ReadLogits(lowest);
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

    /// <summary>
    /// Lays out the rows of each image, those of its null class after those of its class. Images have one row of each, and those that have more positions to
    /// compute share the rows that are left. Returns the number of rows.
    /// </summary>
    private int LayOutRows(ImagePriority lowest)
    {
        var (count, place, left) = (0, 0, _rows.Length - RowsOfOnePosition(lowest));
        foreach (var image in _batch.Of(lowest))
        {
            var positions = _positions[place++] = PositionsNow(image, ref left);
            LayOut(image, image.Slot, image.Specification.ClassId, positions, ref count);
            if (IsGuidedNow(image))
            {
                LayOut(image, image.NullSlot!.Value, _engine.Config.NullClass, positions, ref count);
            }
        }

        return count;
    }

    private void LayOut(RunningImage image, int slot, int classId, int positions, ref int count)
    {
        for (var position = image.CachedPositions; position < image.CachedPositions + positions; position++)
        {
            _rows[count++] = new DecodeRow(slot, position, position == 0 ? classId : image.CoarseLabels[position - 1]);
        }
    }

    /// <summary>Scores the kept labels of each image, and draws its label if the row for it has been computed.</summary>
    private void ReadLogits(ImagePriority lowest)
    {
        var (row, place) = (0, 0);
        foreach (var image in _batch.Of(lowest))
        {
            var (positions, isGuided) = (_positions[place++], IsGuidedNow(image));
            for (var i = 0; i < positions; i++)
            {
                Read(image, row + i, isGuided ? row + positions + i : null);
            }

            row += positions * (isGuided ? 2 : 1);
        }
    }

    /// <summary>Reads the logits of an image's next cached position, which are those of the cell of the same index.</summary>
    /// <param name="row">The row of the image's class.</param>
    /// <param name="nullRow">The row of the null class; null without guidance.</param>
    private void Read(RunningImage image, int row, int? nullRow)
    {
        var cell = image.CachedPositions++;
        var isDrawn = cell == image.Position;
        if (!isDrawn && !image.IsScored)
        {
            return;
        }

        var settings = image.Specification.Coarse;
        var logits = Logits(row);
        if (nullRow is { } other)
        {
            HostSampler.Guide(logits, Logits(other), settings.GuidanceScale);
        }

        if (isDrawn)
        {
            image.CoarseLabels[cell] = _sampler.Sample(
                logits, settings, new LabelDraw(image.Specification.Method, image.LabelSeed, SamplingStage.Coarse, cell));
        }
        else
        {
            image.Score(cell, logits);
        }
    }

    private int RowsOfOnePosition(ImagePriority lowest)
    {
        var rows = 0;
        foreach (var image in _batch.Of(lowest))
        {
            rows += RowsOfPosition(image);
        }

        return rows;
    }

    /// <summary>Returns the number of positions of an image in this step: all that it needs next if rows are left for them.</summary>
    /// <param name="left">The rows that are left beyond one position of each image; reduced by those that the image takes.</param>
    private static int PositionsNow(RunningImage image, ref int left)
    {
        var more = Math.Min(image.NextPosition - image.CachedPositions, left / RowsOfPosition(image));
        left -= more * RowsOfPosition(image);
        return 1 + more;
    }

    private static int RowsOfPosition(RunningImage image) => IsGuidedNow(image) ? 2 : 1;

    private static bool IsGuidedNow(RunningImage image) => image.NullSlot is not null && image.Position <= image.Specification.Coarse.LastGuidedPosition;

    private Span<float> Logits(int row) => _logits.AsSpan(row * _engine.Config.OutputVocabulary, _engine.Config.OutputVocabulary);
}
