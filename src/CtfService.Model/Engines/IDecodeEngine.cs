using CtfService.Model.Transformer;

namespace CtfService.Model.Engines;

/// <summary>
/// The causal transformer while labels are drawn: one position per row and step, keys and values of earlier positions kept in slots. Stage 1 stands on it.
/// One thread at a time.
/// </summary>
public interface IDecodeEngine : IDisposable
{
    TransformerConfig Config { get; }

    /// <summary>Number of slots; slots are 0 to Capacity - 1. A step has at most as many rows.</summary>
    int Capacity { get; }

    /// <summary>
    /// Computes the logits of the next label for every row. Rows may come in any order and number, each at its own position; a row's logits do not depend on
    /// the others. A slot starts over with position 0 and needs no clearing.
    /// </summary>
    /// <param name="rows">R rows, no two of the same slot. A slot's positions follow one another from 0; one that was there may be written again.</param>
    /// <param name="logits">[R, V], written.</param>
    /// <exception cref="ArgumentException">A row is out of range or the buffer does not fit.</exception>
    void DecodeStep(ReadOnlySpan<DecodeRow> rows, Span<float> logits);
}

/// <summary>One row of a decode step.</summary>
/// <param name="Slot">Where the sequence's keys and values are.</param>
/// <param name="Position">0 is the class; position t + 1 follows the label of cell t.</param>
/// <param name="Input">The class id at position 0, otherwise the label of cell Position - 1.</param>
public readonly record struct DecodeRow(int Slot, int Position, int Input);
