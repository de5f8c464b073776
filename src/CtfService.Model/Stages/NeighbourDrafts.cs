using CtfService.Model.Sampling;

namespace CtfService.Model.Stages;

/// <summary>
/// Drafts the label that the logits of the cell above would give with the random number of the cell itself; those of the last cell where there are none above.
/// Neighbouring cells have similar logits, and a label drawn with the same number mostly survives small differences. That needs no file of usual labels, with
/// which a few more drafts are right (<see cref="TableDrafts"/>).
/// </summary>
/// <param name="gridWidth">Cells in a row of the grid.</param>
/// <param name="vocabulary">V.</param>
/// <param name="slots">Slots of the stage.</param>
internal sealed class NeighbourDrafts(int gridWidth, int vocabulary, int slots) : ILabelDrafts
{
    private readonly LastLogits?[] _last = new LastLogits?[slots]; // of the image in each slot
    private readonly HostSampler _sampler = new(vocabulary);
    private readonly float[] _logits = new float[vocabulary];

    /// <inheritdoc/>
    public int Draft(RunningImage image, int cell)
    {
        var neighbour = LastOf(image).Find(cell - gridWidth);
        if (neighbour.IsEmpty)
        {
            return cell == 0 ? 0 : image.CoarseLabels[cell - 1];
        }

        neighbour.CopyTo(_logits); // sampling overwrites them
        return _sampler.Sample(_logits, image.Specification.Coarse, image.DrawOf(cell));
    }

    /// <inheritdoc/>
    public void Observe(RunningImage image, int cell, ReadOnlySpan<float> logits) => LastOf(image).Add(cell, logits);

    private LastLogits LastOf(RunningImage image)
    {
        var last = _last[image.Slot] ??= new LastLogits(gridWidth, vocabulary);
        last.Start(image.Id);
        return last;
    }
}

/// <summary>The logits of the last cells of an image, as many as a row of the grid has.</summary>
internal sealed class LastLogits(int cells, int vocabulary)
{
    private readonly float[] _logits = new float[cells * vocabulary];
    private readonly int[] _cells = [.. Enumerable.Repeat(-1, cells)]; // the cell in each place
    private int _last = -1; // the last cell added
    private long _image = -1;

    /// <summary>Forgets the cells of another image.</summary>
    public void Start(long image)
    {
        if (_image != image)
        {
            (_image, _last) = (image, -1);
            _cells.AsSpan().Fill(-1);
        }
    }

    /// <summary>Returns the logits of a cell, or of the last one if it has none; empty if no cell has any.</summary>
    public ReadOnlySpan<float> Find(int cell)
    {
        var found = cell >= 0 && _cells[cell % cells] == cell ? cell : _last;
        return found < 0 ? [] : _logits.AsSpan(found % cells * vocabulary, vocabulary);
    }

    public void Add(int cell, ReadOnlySpan<float> logits)
    {
        logits.CopyTo(_logits.AsSpan(cell % cells * vocabulary));
        (_cells[cell % cells], _last) = (cell, cell);
    }
}
