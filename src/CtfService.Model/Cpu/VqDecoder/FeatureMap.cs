namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// A view of the features of some images of one size, [image][row][column][channel] (NHWC), with the channels zero-padded to <see cref="Stride"/>.
/// </summary>
internal readonly unsafe struct FeatureMap
{
    /// <summary>Pixels of an image that form one work item and one part of the statistics, for any number of threads and images.</summary>
    public const int BlockPixels = 32;

    public required float* Start { get; init; }

    /// <summary>Gets the floats from one image to the next.</summary>
    public required long ImageStride { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    /// <summary>Gets the floats from one pixel to the next.</summary>
    public required int Stride { get; init; }

    /// <summary>Gets the width of the zero padding around each image in pixels: 0 or 1.</summary>
    public int Padding { get; init; }

    /// <summary>Gets the number of phases, each divided into its own blocks: 4 if the map was upsampled in both directions, else 1.</summary>
    public int Phases { get; init; } = 1;

    public FeatureMap()
    {
    }

    /// <summary>Gets the number of pixels of an image.</summary>
    public int Pixels => Height * Width;

    /// <summary>Gets the number of blocks of one phase of an image; the last may be smaller.</summary>
    public int Blocks => ((Pixels / Phases) + BlockPixels - 1) / BlockPixels;

    /// <summary>Gets the number of blocks of an image.</summary>
    public int AllBlocks => Phases * Blocks;

    /// <summary>Gets the floats from one row to the next.</summary>
    public long RowStride => (long)(Width + (2 * Padding)) * Stride;

    /// <summary>Returns the number of pixels of a block, 0 to <see cref="AllBlocks"/> - 1.</summary>
    public int PixelsOf(int block) => Math.Min(BlockPixels, (Pixels / Phases) - (block % Blocks * BlockPixels));

    /// <summary>Returns the address of a pixel's channels. With padding, rows and columns start at -1 and end one past the last.</summary>
    public float* Pixel(int image, int row, int column) => Start + (image * ImageStride) + ((row + Padding) * RowStride) + ((long)(column + Padding) * Stride);
}
