using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1 by libtorch, on any device. A step's inputs are on the device, and every step computes all <see cref="Rows"/>, occupied or not. Shapes therefore do
/// not change between steps, and the host waits for the device only when images join or leave. If a step runs out of memory, the stage gives up free rows,
/// which frees their keys and values, and repeats the step. It takes rows back later.
/// </summary>
internal sealed class TorchCoarseStage : ICoarseStage
{
    /// <summary>The rows of one guided image, which could never start with fewer.</summary>
    private const int LeastRows = 2;

    private readonly ClassConditionalTransformer _transformer;
    private readonly CoarseBatch _batch;
    private readonly KvCache _cache;
    private readonly DeviceRows _rows;
    private readonly int _capacity;
    private int _stepsInThisSize;

    /// <param name="transformer">In evaluation mode, on the device. Not disposed.</param>
    /// <param name="capacity">Model rows of a step while the device has memory for them.</param>
    public TorchCoarseStage(ClassConditionalTransformer transformer, DeviceMemory memory, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (_transformer, _capacity) = (transformer, capacity);
        _batch = new CoarseBatch(capacity);
        _cache = new KvCache(transformer.Config, capacity, transformer.OutputWeight.dtype, memory);
        try
        {
            _rows = new DeviceRows(transformer.Config, capacity, memory);
        }
        catch
        {
            _cache.Dispose();
            throw;
        }
    }

    public int Rows => _batch.Slots;

    public int FreeRows => _batch.FreeSlots;

    public int Count => _batch.All.Count;

    public bool StepsAllRows => true;

    public int LastStepRows { get; private set; }

    public DecodeWork LastStepWork { get; private set; }

    public int CountOf(ImagePriority lowest) => _batch.CountOf(lowest);

    public int RowsOf(ImagePriority lowest) => _batch.SlotsOf(lowest);

    /// <inheritdoc/>
    public void Add(RunningImage image)
    {
        _rows.IsStale = true; // the next step updates the device
        _batch.Add(image);
    }

    /// <inheritdoc/>
    public bool Remove(long id)
    {
        _rows.IsStale = true;
        return _batch.Remove(id);
    }

    /// <summary>Draws one label for every image, whatever its priority.</summary>
    /// <inheritdoc/>
    public IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk)
    {
        TryGrow();
        DrawInRowsThatFit();
        LastStepRows = RowsOf(ImagePriority.Bulk);
        var finished = _batch.Advance(ImagePriority.Bulk);
        _rows.IsStale = finished.Count > 0 || _batch.All.Any(image => image.IsAtFirstLabel || image.CachedPositions < image.Position);
        foreach (var image in finished)
        {
            image.MarkCoarseDone();
        }

        return finished;
    }

    /// <inheritdoc/>
    public void Fetch(IReadOnlyList<RunningImage> running)
    {
        if (running.Count > 0)
        {
            _rows.Fetch(running);
        }
    }

    public void Dispose()
    {
        _cache.Dispose();
        _rows.Dispose();
    }

    private void DrawInRowsThatFit()
    {
        while (true)
        {
            try
            {
                Draw();
                return;
            }
            catch (Exception fault) when (MemoryFault.Is(fault))
            {
                if (!TryShrink())
                {
                    throw;
                }
            }
        }
    }

    /// <summary>
    /// Runs a step on the device. If anything fails, the step can be repeated with the same labels: rows advance after everything that needs memory, the labels
    /// of images that finish are on the host before that, and if advancing fails, the rows are rewritten from the host's state.
    /// </summary>
    private void Draw()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (_rows.IsStale)
        {
            Sync();
        }

        _cache.Begin(_rows.Positions);
        var logits = _transformer.DecodeStep(_rows.Inputs, _rows.Positions, _cache); // [R, V]
        var labels = _rows.Sample(logits);                                           // [R]
        _rows.Keep(labels);
        Fetch([.. _batch.All.Where(image => image.IsAtLastLabel)]);
        _rows.IsStale = true; // until the host has advanced too
        _rows.Advance(labels);
        foreach (var image in _batch.All)
        {
            image.CachedPositions = Math.Max(image.CachedPositions, image.Position + 1);
            if (image.IsScored && image.IsAtLastLabel)
            {
                CacheKnownLabels(image, _transformer.Config.Positions);
            }
        }
    }

    private void Sync()
    {
        foreach (var image in _batch.All)
        {
            if (image.CachedPositions == 0)
            {
                ClearCache(image);
            }
        }

        _rows.Sync(_batch.All);
        foreach (var image in _batch.All)
        {
            CacheKnownLabels(image, image.Position);
        }
    }

    /// <summary>
    /// Caches all positions before one, in one pass for each row, so that the pass does not depend on other images. Scores their labels if the image needs it.
    /// </summary>
    private void CacheKnownLabels(RunningImage image, int end)
    {
        var (first, count) = (image.CachedPositions, end - image.CachedPositions);
        if (count <= 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var hidden = Prefill(image.Slot, image.Specification.ClassId, first, count); // [S, D]
        var nullHidden = image.NullSlot is { } nullSlot && end <= image.Specification.Coarse.LastGuidedPosition
            ? Prefill(nullSlot, _transformer.Config.NullClass, first, count)
            : null;
        if (image.IsScored)
        {
            Score(image, first, LogitsOf(hidden), nullHidden is null ? null : LogitsOf(nullHidden));
        }

        image.CachedPositions = end;
    }

    private Tensor Prefill(int slot, int classId, int first, int count) =>
        _transformer.Prefill(_rows.InputsOf(slot, classId, first, count), _cache, slot, first);

    private Tensor LogitsOf(Tensor hidden) => _transformer.Score(hidden).to(float32);

    /// <param name="logits">[S, V].</param>
    /// <param name="nullLogits">[S, V]; null without guidance.</param>
    private void Score(RunningImage image, int first, Tensor logits, Tensor? nullLogits)
    {
        var combined = nullLogits is null ? logits : nullLogits + ((logits - nullLogits) * image.Specification.Coarse.GuidanceScale);
        var values = combined.cpu().contiguous().data<float>().ToArray();
        var vocabulary = _transformer.Config.OutputVocabulary;
        for (var i = 0; i < values.Length / vocabulary; i++)
        {
            image.Score(first + i, values.AsSpan(i * vocabulary, vocabulary));
        }
    }

    private void ClearCache(RunningImage image)
    {
        _cache.Clear(image.Slot);
        if (image.NullSlot is { } nullSlot)
        {
            _cache.Clear(nullSlot);
        }
    }

    /// <summary>Gives up half of the rows, or all free rows if fewer are free. Returns false if no row can be given up.</summary>
    private bool TryShrink()
    {
        var rows = Math.Max(Math.Max(Rows - FreeRows, Rows / 2), Math.Min(LeastRows, Rows));
        if (rows == Rows)
        {
            return false;
        }

        Resize(rows);
        _cache.Shrink(rows);
        return true;
    }

    /// <summary>
    /// Doubles the rows after as many successful steps as an image has. If the next step runs out of memory, the stage gives them up again, before any image
    /// occupies them.
    /// </summary>
    private void TryGrow()
    {
        if (Rows == _capacity || ++_stepsInThisSize <= _transformer.Config.Positions)
        {
            return;
        }

        _stepsInThisSize = 0;
        var rows = Math.Min(_capacity, 2 * Rows);
        if (_cache.TryGrow(rows))
        {
            Resize(rows);
        }
    }

    private void Resize(int rows)
    {
        _batch.Resize(rows, Move);
        _rows.Count = rows;
        _rows.IsStale = true;
        _stepsInThisSize = 0;
    }

    private void Move(int from, int to)
    {
        _cache.Move(from, to);
        _rows.Move(from, to);
    }
}
