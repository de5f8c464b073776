using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1 by libtorch, on any device. A step's inputs are on the device, and every step computes W positions of all <see cref="Rows"/>, occupied or not.
/// Shapes therefore do not change between steps. With W = 1 the host waits for the device only when images join or leave; with more it reads after every step
/// how many labels of each image are final (<see cref="StepWindow"/>). If a step runs out of memory, the stage gives up free rows, which frees their keys and
/// values, and repeats the step. It takes rows back later.
/// </summary>
internal sealed class TorchCoarseStage : ICoarseStage
{
    /// <summary>The rows of one guided image, which could never start with fewer.</summary>
    private const int LeastRows = 2;

    private readonly ClassConditionalTransformer _transformer;
    private readonly DeviceMemory _memory;
    private readonly CoarseBatch _batch;
    private readonly KvCache _cache;
    private readonly DeviceRows _rows;
    private readonly KnownLabelPass _knownLabels;
    private readonly int _capacity;
    private int _stepsInThisSize;

    /// <param name="transformer">In evaluation mode, on the device. Not disposed.</param>
    /// <param name="capacity">Model rows of a step while the device has memory for them.</param>
    /// <param name="window">W: the positions of each row in a step, at least 1.</param>
    /// <param name="drafts">Drafts all labels of an image when it starts, if W is greater than 1; null to draft the last label that was drawn.</param>
    public TorchCoarseStage(
        ClassConditionalTransformer transformer, DeviceMemory memory, int capacity, int window = 1, ILabelDrafts? drafts = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        (_transformer, _memory, _capacity) = (transformer, memory, capacity);
        _batch = new CoarseBatch(capacity);
        _cache = new KvCache(transformer.Config, capacity, transformer.OutputWeight.dtype, memory);
        try
        {
            _rows = new DeviceRows(transformer.Config, capacity, memory, window, drafts);
        }
        catch
        {
            _cache.Dispose();
            throw;
        }

        _knownLabels = new KnownLabelPass(transformer, _cache, _rows);
    }

    public int Rows => _batch.Slots;

    public int FreeRows => _batch.FreeSlots;

    public int Count => _batch.All.Count;

    public bool StepsAllRows => true;

    public int LastStepRows { get; private set; }

    public DecodeWork LastStepWork { get; private set; }

    public IReadOnlyList<RunningImage> Failed { get; private set; } = [];

    /// <summary>Returns the most positions of an image's window in the next step; null, the default, for W. Does not change any label.</summary>
    public Func<RunningImage, int>? WindowLimit { get; init; }

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

    /// <summary>Draws labels for every image, whatever its priority.</summary>
    /// <inheritdoc/>
    public IReadOnlyList<RunningImage> Step(ImagePriority lowest = ImagePriority.Bulk)
    {
        TryGrow();
        DrawInRowsThatFit();
        Failed = _batch.TakeFailed();
        var finished = _batch.Advance(ImagePriority.Bulk);
        _rows.IsStale = finished.Count + Failed.Count > 0 || _batch.All.Any(image => image.IsAtFirstLabel || image.CachedPositions < image.Position);
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
        if (_rows.IsStale || WindowLimit is not null)
        {
            Sync();
        }

        var window = _rows.NextWindow();
        _cache.Begin(window.Positions);
        var logits = _transformer.DecodeStep(window.Inputs, window.Positions, _cache); // [R, W, V]
        var labels = _rows.Sample(window, logits);                                     // [R, W]
        var counts = _rows.CountFinal(window, labels);                                 // [R]
        _rows.Keep(window, labels);
        _rows.KeepFaults(window, counts);
        var final = _rows.Window == 1 ? null : _memory.Download(counts);
        int FinalOf(RunningImage image) => final?[image.Slot] ?? 1;
        Fetch([.. _batch.All.Where(image => image.EndsAfter(FinalOf(image)))]);
        ScoreCandidates(FinalOf);
        _rows.IsStale = true; // until the host has advanced too
        _rows.Advance(counts, final?.Max() ?? 1);
        (LastStepRows, LastStepWork) = WorkOf(FinalOf);
        foreach (var image in _batch.All)
        {
            image.CachedPositions = Math.Max(image.CachedPositions, image.Position + FinalOf(image));
            image.DecodeSteps++;
        }
    }

    /// <summary>Returns the rows of images in this step, one for each position, and its labels.</summary>
    private (int Rows, DecodeWork Work) WorkOf(Func<RunningImage, int> finalOf)
    {
        var (rows, work) = (0, new DecodeWork(_batch.All.Count, 0, 0, 0));
        foreach (var image in _batch.All)
        {
            var (positions, labels) = (image.CellsToDraw(LimitOf(image)), finalOf(image));
            rows += positions * image.Specification.Rows;
            work = work with
            {
                Positions = work.Positions + positions,
                Labels = work.Labels + labels,
                WastedRows = work.WastedRows + ((positions - labels) * image.Specification.Rows),
            };
        }

        return (rows, work);
    }

    private int LimitOf(RunningImage image) => Math.Min(_rows.Window, WindowLimit?.Invoke(image) ?? _rows.Window);

    /// <summary>Scores the kept labels after the last drawn one of each candidate that this step completes.</summary>
    private void ScoreCandidates(Func<RunningImage, int> finalOf)
    {
        foreach (var image in _batch.All)
        {
            if (image.IsScored && image.EndsAfter(finalOf(image)))
            {
                image.CachedPositions = Math.Max(image.CachedPositions, image.Position + finalOf(image));
                _knownLabels.Cache(image, _transformer.Config.Positions);
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

        _rows.Sync(_batch.All, WindowLimit);
        foreach (var image in _batch.All)
        {
            _knownLabels.Cache(image, image.Position);
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
