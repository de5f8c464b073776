using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

/// <summary>
/// Runs the causal transformer for stage 1: each step computes one position per row, and slots keep the keys and values of earlier positions.
/// Not thread-safe.
/// </summary>
public interface IDecodeEngine : IDisposable
{
    TransformerConfig Config { get; }

    /// <summary>The number of slots, 0 to Capacity - 1, and the largest number of rows in a step.</summary>
    int Capacity { get; }

    /// <summary>
    /// Computes the logits of the next label for every row. Rows may be in any order, each at its own position; a row's logits do not depend on the other rows.
    /// Position 0 starts a slot over; slots need no clearing.
    /// </summary>
    /// <param name="rows">R rows, each of another slot. The positions of a slot ascend by one from 0; an earlier position may be computed again.</param>
    /// <param name="logits">Receives the logits, [R, V].</param>
    /// <exception cref="ArgumentException">A row is out of range, or the buffer has the wrong length.</exception>
    void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits);
}

/// <summary>One row of a decode step.</summary>
/// <param name="Slot">The slot with the sequence's keys and values.</param>
/// <param name="Position">0 for the class; t + 1 for the label of cell t.</param>
/// <param name="Input">The class id at position 0, otherwise the label of cell Position - 1.</param>
public readonly record struct DecodeRow(int Slot, int Position, int Input);
