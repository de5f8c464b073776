using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

/// <summary>
/// Runs the causal transformer for stage 1: each step computes one position per row, and slots keep the keys and values of earlier positions. Several rows of
/// one slot compute several positions at once, such as labels that are known before they are needed. Not thread-safe.
/// </summary>
public interface IDecodeEngine : IDisposable
{
    TransformerConfig Config { get; }

    /// <summary>The number of slots, 0 to Capacity - 1, and the largest number of rows in a step.</summary>
    int Capacity { get; }

    /// <summary>
    /// Computes the logits of the next label for every row, each at its own position; a row's logits do not depend on the rows of other slots.
    /// Position 0 starts a slot over; slots need no clearing.
    /// </summary>
    /// <param name="rows">
    /// R rows. Those of one slot follow each other. The positions of a slot ascend by one from 0, within a step and from step to step. An earlier position may
    /// be computed again, with another input too; then those after it must be computed again.
    /// </param>
    /// <param name="logits">Receives the logits, [R, V].</param>
    /// <exception cref="ArgumentException">A row is out of range, or the buffer has the wrong length.</exception>
    void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits);
}

/// <summary>One row of a decode step.</summary>
/// <param name="Slot">The slot with the sequence's keys and values.</param>
/// <param name="Position">0 for the class; t + 1 for the label of cell t.</param>
/// <param name="Input">The class id at position 0, otherwise the label of cell Position - 1.</param>
public readonly record struct DecodeRow(int Slot, int Position, int Input);

/// <summary>Rejects decode steps that would read unwritten cache positions; tracks the length of each slot.</summary>
internal sealed class DecodeRowCheck(TransformerConfig config, int capacity)
{
    private readonly int[] _written = new int[capacity]; // positions of each slot that later ones may build on, from 0
    private readonly long[] _lastStep = new long[capacity]; // the last step with a row of the slot
    private readonly int[] _next = new int[capacity];       // the position after that of its last row in that step
    private long _step;

    /// <exception cref="ArgumentException">A row is out of range, or the buffer has the wrong length.</exception>
    public void Require(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
    {
        if (rows.Length == 0 || rows.Length > capacity)
        {
            throw new ArgumentException($"The step has {rows.Length} rows; expected 1 to {capacity}, the engine's capacity.", nameof(rows));
        }

        if (logits.Length != (long)rows.Length * config.OutputVocabulary)
        {
            throw new ArgumentException(
                $"The buffer for the logits has {logits.Length} elements; expected {rows.Length} x {config.OutputVocabulary}.", nameof(logits));
        }

        _step++;
        for (var i = 0; i < rows.Length; i++)
        {
            RequireRow(rows[i], followsItsSlot: i > 0 && rows[i - 1].Slot == rows[i].Slot);
        }

        foreach (var row in rows)
        {
            _written[row.Slot] = row.Position + 1;
        }
    }

    private void RequireRow(DecodeRow row, bool followsItsSlot)
    {
        if ((uint)row.Slot >= (uint)capacity)
        {
            throw new ArgumentException($"Slot {row.Slot} is out of range; expected 0 to {capacity - 1}.", nameof(row));
        }

        if (_lastStep[row.Slot] == _step && !followsItsSlot)
        {
            throw new ArgumentException($"The rows of slot {row.Slot} do not follow each other; expected all rows of a slot together.", nameof(row));
        }

        if (followsItsSlot && row.Position != _next[row.Slot])
        {
            throw new ArgumentException(
                $"Slot {row.Slot} has position {row.Position} after {_next[row.Slot] - 1} in one step; expected {_next[row.Slot]}.", nameof(row));
        }

        var last = Math.Min(config.Positions, followsItsSlot ? _next[row.Slot] : _written[row.Slot]);
        if (row.Position < 0 || row.Position > last)
        {
            throw new ArgumentException(
                $"Position {row.Position} of slot {row.Slot} is out of range; expected 0 to {last}. Position 0 starts over.", nameof(row));
        }

        (_lastStep[row.Slot], _next[row.Slot]) = (_step, row.Position + 1);

        var inputs = row.Position == 0 ? config.ClassCount + 1 : config.InputVocabulary;
        if ((uint)row.Input >= (uint)inputs)
        {
            throw new ArgumentException($"Input {row.Input} at position {row.Position} is out of range; expected 0 to {inputs - 1}.", nameof(row));
        }
    }
}
