namespace CtfService.Inference.Queue;

/// <summary>
/// Rows that may be in use after a step did not fit the device's memory. What took the memory may go away, so the limit rises again: by two rows, which is one
/// image with guidance, whenever images of as many rows as it allows have been finished. Plain state for one thread.
/// </summary>
internal sealed class RowLimit
{
    private const int Step = 2;
    private const int None = int.MaxValue;

    private int _rows = None;
    private int _finished; // rows of the images finished since the limit last changed

    /// <param name="free">Rows that are free in the generator.</param>
    /// <param name="used">Rows of the images that run.</param>
    public int FreeRows(int free, int used) => Math.Min(free, used == 0 ? Math.Max(Step, _rows) : _rows - used); // one image may always be tried

    /// <summary>A step did not fit.</summary>
    /// <param name="rows">Those of the images that go on.</param>
    public void Shrink(int rows) => (_rows, _finished) = (rows, 0);

    /// <summary>An image has been finished.</summary>
    /// <param name="rows">Those it had.</param>
    /// <param name="all">Rows there are in the generator.</param>
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
