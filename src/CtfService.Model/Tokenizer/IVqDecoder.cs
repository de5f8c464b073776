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
