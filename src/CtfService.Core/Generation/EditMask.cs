namespace CtfService.Core.Generation;

/// <summary>The pixels of a picture that an edit draws anew; all others are kept. Immutable.</summary>
public sealed class EditMask
{
    private readonly bool[] _edited; // [H, W]

    /// <param name="edited">[H, W] in raster order: true for a pixel that is drawn anew. Not copied; must not change.</param>
    /// <exception cref="ArgumentException">The array does not contain width * height values.</exception>
    public EditMask(int width, int height, bool[] edited)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (edited.LongLength != (long)width * height)
        {
            throw new ArgumentException($"A {width}x{height} mask needs {(long)width * height} values, not {edited.Length}.", nameof(edited));
        }

        (Width, Height, _edited) = (width, height, edited);
        EditedCount = edited.Count(static isEdited => isEdited);
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>The number of pixels that are drawn anew.</summary>
    public int EditedCount { get; }

    /// <summary>True if no pixel is drawn anew.</summary>
    public bool IsEmpty => EditedCount == 0;

    /// <summary>True if no pixel is kept.</summary>
    public bool IsFull => EditedCount == _edited.Length;

    /// <summary>[H, W] in raster order: true for a pixel that is drawn anew.</summary>
    public ReadOnlySpan<bool> Edited => _edited;

    /// <summary>Returns for each cell of a grid over the picture, in raster order, whether any of its pixels is drawn anew.</summary>
    /// <exception cref="ArgumentException">The picture is not a whole number of cells wide and high.</exception>
    public bool[] Cells(int gridWidth, int gridHeight)
    {
        if (Width % gridWidth != 0 || Height % gridHeight != 0)
        {
            throw new ArgumentException($"A {Width}x{Height} mask cannot be divided into {gridWidth}x{gridHeight} cells.");
        }

        var (cellWidth, cellHeight) = (Width / gridWidth, Height / gridHeight);
        var cells = new bool[gridWidth * gridHeight];
        for (var pixel = 0; pixel < _edited.Length; pixel++)
        {
            var (y, x) = Math.DivRem(pixel, Width);
            cells[(y / cellHeight * gridWidth) + (x / cellWidth)] |= _edited[pixel];
        }

        return cells;
    }

    /// <summary>
    /// Returns the lengths of the runs in raster order: kept pixels, edited pixels, kept pixels and so on. The first is 0 if the first pixel is edited. COCO's
    /// uncompressed run-length encoding has this form, by columns instead of rows.
    /// </summary>
    public IReadOnlyList<int> ToRuns()
    {
        List<int> runs = [];
        var (isEdited, length) = (false, 0);
        foreach (var pixel in _edited)
        {
            if (pixel != isEdited)
            {
                runs.Add(length);
                (isEdited, length) = (pixel, 0);
            }

            length++;
        }

        return [.. runs, length];
    }

    /// <summary>Returns the mask with these runs (<see cref="ToRuns"/>).</summary>
    /// <exception cref="ArgumentException">A run is negative, or the runs do not add up to width * height.</exception>
    public static EditMask FromRuns(int width, int height, IReadOnlyList<int> runs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (runs.Any(run => run < 0) || runs.Sum(run => (long)run) != (long)width * height)
        {
            throw new ArgumentException($"The runs of a {width}x{height} mask must not be negative, and must add up to {(long)width * height}.", nameof(runs));
        }

        var edited = new bool[width * height];
        var start = 0;
        for (var i = 0; i < runs.Count; i++)
        {
            edited.AsSpan(start, runs[i]).Fill(i % 2 == 1);
            start += runs[i];
        }

        return new EditMask(width, height, edited);
    }
}
