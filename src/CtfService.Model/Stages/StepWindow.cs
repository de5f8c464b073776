using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// The positions of every model row in one step, on the device: W consecutive ones, of which the first has a known input. The inputs of the others are drafts
/// (Jacobi decoding, as in Teng et al. 2024, arXiv 2410.01699). A label is a fixed function of its logits and random numbers, so the labels that follow from
/// right inputs are exactly those of one position at a time.
/// </summary>
internal sealed class StepWindow
{
    private readonly Tensor _ends; // int64 [R, 1]

    private StepWindow(Tensor positions, Tensor inputs, Tensor ends) => (Positions, Inputs, _ends) = (positions, inputs, ends);

    /// <summary>
    /// int64 [R, W]. Positions after the last label, T - 1, are T: the model has keys and values for that position, but no row that draws a label attends to
    /// it.
    /// </summary>
    public Tensor Positions { get; }

    /// <summary>int64 [R, W]: the class at position 0, otherwise the label before or its draft.</summary>
    public Tensor Inputs { get; }

    /// <summary>bool [R, W]: true where all logits are finite. Null until labels are drawn; belongs to the caller's scope.</summary>
    public Tensor? AreFinite { get; set; }

    private long Width => Positions.shape[1];

    /// <summary>Reads the window of every row. The tensors belong to the caller's scope.</summary>
    /// <param name="first">int64 [R]: the first position of each window.</param>
    /// <param name="ends">int64 [R]: the end of the cells that each row draws, at most T.</param>
    /// <param name="sequences">int64 [R, 1 + T + 1]: the class, the labels and drafts of all cells, and one more.</param>
    public static StepWindow Of(Tensor first, Tensor ends, Tensor sequences, int width)
    {
        using var scope = NewDisposeScope();
        var last = sequences.shape[1] - 2;
        var positions = first.unsqueeze(1); // [R, 1]
        if (width > 1)
        {
            positions = (positions + arange(width, int64, first.device)).clamp_max(last); // [R, W]
        }

        var inputs = sequences.gather(1, positions);
        return new StepWindow(positions.MoveToOuterDisposeScope(), inputs.MoveToOuterDisposeScope(), ends.unsqueeze(1).MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Returns the number of final labels of each window, int64 [R], in the caller's scope. The first one is final, and another one if all before it are and
    /// the input that was drafted for it is the label just drawn.
    /// </summary>
    /// <param name="labels">int64 [R, W], with W at least 2.</param>
    public Tensor CountFinal(Tensor labels)
    {
        using var scope = NewDisposeScope();
        var isRight = Inputs.narrow(1, 1, Width - 1).eq(labels.narrow(1, 0, Width - 1));
        var isInReach = Positions.narrow(1, 1, Width - 1).less(_ends);
        return isRight.logical_and(isInReach).to(int64).cumprod(1).sum(1).add(Scalars.Of(1L)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Stores the labels of the window. Cells from the end on keep theirs: what would belong to them goes to the last place.
    /// </summary>
    /// <param name="labels">int64 [R, W].</param>
    /// <param name="sequences">As for <see cref="Of"/>.</param>
    /// <param name="repeatsLast">True to store the last label as the draft of the W cells after the window too.</param>
    public void Store(Tensor labels, Tensor sequences, bool repeatsLast)
    {
        using var scope = NewDisposeScope();
        var cells = sequences.narrow(1, 1, sequences.shape[1] - 1); // [R, T + 1]
        if (Width == 1)
        {
            cells.scatter_(1, Positions, labels);
            return;
        }

        cells.scatter_(1, PlacesOf(Positions, cells), labels);
        if (repeatsLast)
        {
            var drafts = labels.narrow(1, Width - 1, 1).expand(labels.shape);
            cells.scatter_(1, PlacesOf(Positions + Width, cells), drafts);
        }
    }

    private Tensor PlacesOf(Tensor positions, Tensor cells) => where(positions.less(_ends), positions, cells.shape[1] - 1);
}
