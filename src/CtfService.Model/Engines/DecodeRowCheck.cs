using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

/// <summary>Refuses decode steps that would read what was never written, and keeps what it takes to know: how far each slot has come.</summary>
internal sealed class DecodeRowCheck(TransformerConfig config, int capacity)
{
    private readonly int[] _written = new int[capacity]; // positions from 0 on
    private readonly long[] _lastStep = new long[capacity];
    private long _step;

    /// <exception cref="ArgumentException">A row is out of range or the buffer does not fit.</exception>
    public void Require(ReadOnlySpan<DecodeRow> rows, Span<float> logits)
    {
        if (rows.Length == 0 || rows.Length > capacity)
        {
            throw new ArgumentException($"A step of {rows.Length} rows; expected 1 to {capacity}, the engine's capacity.", nameof(rows));
        }

        if (logits.Length != (long)rows.Length * config.OutputVocabulary)
        {
            throw new ArgumentException($"The logits have room for {logits.Length} numbers; expected {rows.Length} x {config.OutputVocabulary}.", nameof(logits));
        }

        _step++;
        foreach (var row in rows)
        {
            RequireRow(row);
        }

        foreach (var row in rows)
        {
            _written[row.Slot] = row.Position == 0 ? 1 : Math.Max(_written[row.Slot], row.Position + 1);
        }
    }

    private void RequireRow(DecodeRow row)
    {
        if ((uint)row.Slot >= (uint)capacity)
        {
            throw new ArgumentException($"Slot {row.Slot} is not one of 0 to {capacity - 1}.", nameof(row));
        }

        if (_lastStep[row.Slot] == _step)
        {
            throw new ArgumentException($"Slot {row.Slot} has two rows in one step; a slot's positions follow one another.", nameof(row));
        }

        _lastStep[row.Slot] = _step;
        if (row.Position < 0 || row.Position > config.Positions || row.Position > _written[row.Slot])
        {
            throw new ArgumentException(
                $"Position {row.Position} of slot {row.Slot}: expected at most {Math.Min(config.Positions, _written[row.Slot])}, or 0 to start over.", nameof(row));
        }

        var inputs = row.Position == 0 ? config.ClassCount + 1 : config.InputVocabulary;
        if ((uint)row.Input >= (uint)inputs)
        {
            throw new ArgumentException($"Input {row.Input} at position {row.Position} is not one of 0 to {inputs - 1}.", nameof(row));
        }
    }
}
