namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>Where the features of some images of one size lie: [image][row][column][channel], channels filled up to <see cref="Stride"/> with zeros.</summary>
internal readonly unsafe struct FeatureMap
{
    /// <summary>Pixels of one image that are computed together and whose statistics are taken together, whatever the threads and the batch.</summary>
    public const int BlockPixels = 32;

    public required float* Start { get; init; }

    /// <summary>Floats from one image to the next.</summary>
    public required long ImageStride { get; init; }

    public required int Height { get; init; }

    public required int Width { get; init; }

    /// <summary>Floats from one pixel to the next.</summary>
    public required int Stride { get; init; }

    /// <summary>Pixels of zeros around each image: 0 or 1.</summary>
    public int Padding { get; init; }

    /// <summary>Kinds of pixels, each divided into blocks of its own: 4 where the map was upsampled in both directions, else 1.</summary>
    public int Phases { get; init; } = 1;

    public FeatureMap()
    {
    }

    /// <summary>Pixels of an image.</summary>
    public int Pixels => Height * Width;

    /// <summary>Blocks of one phase of an image; the last may be short.</summary>
    public int Blocks => ((Pixels / Phases) + BlockPixels - 1) / BlockPixels;

    /// <summary>Blocks of an image.</summary>
    public int AllBlocks => Phases * Blocks;

    /// <summary>Floats from one row to the next.</summary>
    public long RowStride => (long)(Width + (2 * Padding)) * Stride;

    /// <summary>Pixels of block 0 to <see cref="AllBlocks"/> - 1.</summary>
    public int PixelsOf(int block) => Math.Min(BlockPixels, (Pixels / Phases) - (block % Blocks * BlockPixels));

    /// <summary>The channels of a pixel; with padding also of rows and columns -1 and one past the end.</summary>
    public float* Pixel(int image, int row, int column) => Start + (image * ImageStride) + ((row + Padding) * RowStride) + ((long)(column + Padding) * Stride);
}
