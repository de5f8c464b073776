namespace CtfService.Model.Tokenizer;

/// <summary>VQ decodes several images of one size, from tokens or from arbitrary codewords. Call from the device thread only.</summary>
public interface IVqDecoder : IDisposable
{
    /// <summary>Images in one batch. Larger batches gain nothing, and pixels take much memory.</summary>
    const int MaxBatch = 8;

    TokenizerConfig Config { get; }

    int GridHeight { get; }

    int GridWidth { get; }

    /// <summary>The number of images that are decoded together, at least 1; the others of a larger batch follow.</summary>
    int ImagesAtOnce { get; }

    /// <summary>Decodes tokens to pixels.</summary>
    /// <param name="tokens">[B, T].</param>
    /// <param name="pixels">[B, H, W, 3]; receives the pixels, nominally in [-1, 1], not clamped.</param>
    /// <param name="cancellation">Checked between two blocks or two batches.</param>
    /// <exception cref="ArgumentException">A token is out of range or a length does not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the content of <paramref name="pixels"/> is undefined.</exception>
    void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default);

    /// <summary>Decodes codewords, or vectors near them such as cluster centroids, to pixels.</summary>
    /// <param name="codewords">[B, T, e], as the tokenizer uses them; not normalised again.</param>
    /// <param name="pixels">As for <see cref="Decode"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels);
}

/// <summary>The sizes of the inputs and outputs of a VQ decoder, and the checks of its arguments.</summary>
internal sealed class VqDecodeCheck(TokenizerConfig config, int gridHeight, int gridWidth)
{
    /// <summary>T: the number of tokens of an image.</summary>
    public int Positions => gridHeight * gridWidth;

    public int ImageHeight => gridHeight * config.DownsampleFactor;

    public int ImageWidth => gridWidth * config.DownsampleFactor;

    /// <summary>The number of floats of an image.</summary>
    public int PixelFloats => ImageHeight * ImageWidth * VqTokenizer.PixelChannels;

    /// <summary>Checks the arguments and returns the number of images.</summary>
    /// <exception cref="ArgumentException">A token is out of range or a length does not fit.</exception>
    public int RequireTokens(ReadOnlySpan<int> tokens, Span<float> pixels)
    {
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)config.CodebookSize)
            {
                throw new ArgumentException($"Token {token} is out of range; expected 0 to {config.CodebookSize - 1}.", nameof(tokens));
            }
        }

        return Images(tokens.Length, Positions, pixels.Length);
    }

    /// <summary>Checks the arguments and returns the number of images.</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public int RequireCodewords(ReadOnlySpan<float> codewords, Span<float> pixels) => Images(codewords.Length, Positions * config.CodewordWidth, pixels.Length);

    private int Images(int given, int perImage, int pixels)
    {
        var (images, rest) = Math.DivRem(given, perImage);
        return rest == 0 && pixels == (long)images * PixelFloats
            ? images
            : throw new ArgumentException($"{given} inputs and {pixels} pixel floats; expected {perImage} and {PixelFloats} for each image.", nameof(pixels));
    }
}
