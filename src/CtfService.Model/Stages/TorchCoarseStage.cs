using CtfService.Core.Generation;
using CtfService.Model.Memory;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Stage 1 on libtorch's devices: whatever a step needs is on the device, and every step computes all <see cref="Rows"/>, occupied or not. So shapes do not
/// change from step to step, and the host waits for the device only when images come or go.
/// If a step lacks memory, the stage gives up free rows, which frees their keys and values, and runs the step again; it takes rows back later.
/// </summary>
internal sealed class TorchCoarseStage : ICoarseStage
{
    /// <summary>One guided image. With fewer rows it could never start.</summary>
    private const int LeastRows = 2;

    private readonly ClassConditionalTransformer _transformer;
    private readonly CoarseBatch _batch;
    private readonly KvCache _cache;
    private readonly DeviceRows _rows;
    private readonly int _capacity;
    private int _stepsInThisSize;

    /// <param name="transformer">In evaluation mode, on the device; stays the caller's.</param>
    /// <param name="capacity">Model rows of every step while the device has memory for them.</param>
    public TorchCoarseStage(ClassConditionalTransformer transformer, DeviceMemory memory, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (_transformer, _capacity) = (transformer, capacity);
        _batch = new CoarseBatch(capacity, transformer.Config.Positions);
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

    /// <inheritdoc/>
    public RunningImage Add(long id, ImageSpecification specification)
    {
        _rows.IsStale = true; // the device hears of it in the next step
        return _batch.Add(id, specification);
    }

    /// <inheritdoc/>
    public bool Remove(long id)
    {
        _rows.IsStale = true;
        return _batch.Remove(id);
    }

    /// <inheritdoc/>
    public IReadOnlyList<RunningImage> Step()
    {
        TryGrow();
        DrawInRowsThatFit();
        var finished = _batch.Advance();
        _rows.IsStale = finished.Count > 0;
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
    /// The step on the device. Whatever fails, it can be run again with the same labels: rows move on after everything that needs memory, labels of images that
    /// finish are on the host before that, and if moving on fails, the rows are written anew from what the host knows.
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
        Fetch(_batch.All.FindAll(image => image.Position + 1 == _transformer.Config.Positions));
        _rows.IsStale = true; // until the host has moved on too
        _rows.MoveOn(labels);
    }

    private void Sync()
    {
        foreach (var image in _batch.All)
        {
            if (image.Position == 0)
            {
                ClearCache(image);
            }
        }

        _rows.Sync(_batch.All);
    }

    private void ClearCache(RunningImage image)
    {
        _cache.Clear(image.Slot);
        if (image.NullSlot is { } nullSlot)
        {
            _cache.Clear(nullSlot);
        }
    }

    /// <summary>Gives up half of the rows, or as many as are free. Returns false if none can go.</summary>
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
    /// Takes rows back, twice as many as there are, once an image's number of steps has gone well. If the step that follows lacks memory, they go again: an
    /// image can have them only after it.
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
