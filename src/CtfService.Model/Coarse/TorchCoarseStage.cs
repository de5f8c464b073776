using CtfService.Core.Generation;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Coarse;

/// <summary>
/// Stage 1 on libtorch's devices: whatever a step needs is on the device, and every step computes all rows there are room for, occupied or not. So shapes never
/// change, and the host waits for the device only when an image has all its labels.
/// </summary>
internal sealed class TorchCoarseStage : ICoarseStage
{
    private readonly ClassConditionalTransformer _transformer;
    private readonly RunningSequences _sequences;
    private readonly RowKvCache _cache;
    private readonly DeviceRows _rows;

    /// <param name="transformer">In evaluation mode, on the device; stays the caller's.</param>
    /// <param name="capacity">R: model rows of every step.</param>
    public TorchCoarseStage(ClassConditionalTransformer transformer, Device device, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _transformer = transformer;
        _sequences = new RunningSequences(capacity, transformer.Config.Positions);
        _cache = new RowKvCache(transformer.Config, capacity, transformer.OutputWeight.dtype, device);
        _rows = new DeviceRows(transformer.Config, capacity, device);
    }

    public int FreeRows => _sequences.FreeSlots;

    public int Count => _sequences.All.Count;

    /// <inheritdoc/>
    public CoarseSequence Add(long id, ImageSpecification image)
    {
        var sequence = _sequences.Add(id, image);
        _cache.Clear(sequence.Slot);
        if (sequence.NullSlot is { } nullSlot)
        {
            _cache.Clear(nullSlot);
        }

        _rows.Occupy(sequence);
        return sequence;
    }

    /// <inheritdoc/>
    public bool Remove(long id)
    {
        var removed = _sequences.Remove(id);
        if (removed is not null)
        {
            _rows.Vacate(removed);
        }

        return removed is not null;
    }

    /// <inheritdoc/>
    public IReadOnlyList<CoarseSequence> Step()
    {
        Draw();
        var finished = _sequences.Advance();
        if (finished.Count > 0)
        {
            Finish(finished);
        }

        return finished;
    }

    /// <inheritdoc/>
    public void Fetch(IReadOnlyList<CoarseSequence> running)
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

    private void Draw()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _cache.Begin(_rows.Positions);
        var logits = _transformer.DecodeStep(_rows.Inputs, _rows.Positions, _cache); // [R, V]
        _rows.Advance(_rows.Sample(logits));
    }

    private void Finish(List<CoarseSequence> finished)
    {
        _rows.Fetch(finished);
        foreach (var sequence in finished)
        {
            sequence.MarkCoarseDone();
            _rows.Vacate(sequence);
        }
    }
}
