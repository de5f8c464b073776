namespace CtfService.Inference.Queue;

/// <summary>
/// Limits the rows in use after a step did not fit in device memory. The memory may become free again, so the limit rises by two rows (one image with
/// guidance) whenever finished images have used as many rows as the limit. Plain state for one thread.
/// </summary>
internal sealed class RowLimit
{
    private const int Step = 2;
    private const int None = int.MaxValue;

    private int _rows = None;
    private int _finished; // rows of the images that finished since the limit last changed

    /// <summary>Returns the number of rows that further images may take.</summary>
    /// <param name="free">Free rows of the generator.</param>
    /// <param name="used">Rows of the running images.</param>
    public int FreeRows(int free, int used) => Math.Min(free, used == 0 ? Math.Max(Step, _rows) : _rows - used); // a single image may always be tried

    /// <summary>Lowers the limit after a step that did not fit.</summary>
    /// <param name="rows">Rows of the images that keep running.</param>
    public void Shrink(int rows) => (_rows, _finished) = (rows, 0);

    /// <summary>Counts a finished image and raises the limit if that is due.</summary>
    /// <param name="rows">Rows of the image.</param>
    /// <param name="all">All rows of the generator.</param>
    public void Finished(int rows, int all)
    {
        if (_rows == None || (_finished += rows) < _rows)
        {
            return;
        }

        (_rows, _finished) = (_rows + Step, 0);
        if (_rows >= all)
        {
            _rows = None;
        }
    }
}
