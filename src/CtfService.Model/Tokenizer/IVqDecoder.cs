namespace CtfService.Model.Tokenizer;

/// <summary>VQ decode of several images of one size: tokens, or codewords that are between tokens, to pixels. Device thread only.</summary>
public interface IVqDecoder : IDisposable
{
    /// <summary>Images in one batch. Larger batches gain nothing, and pixels take much memory.</summary>
    const int MaxBatch = 8;

    TokenizerConfig Config { get; }

    int GridHeight { get; }

    int GridWidth { get; }

    /// <summary>Images that gain from being decoded together, at least 1; more of a batch follow one another.</summary>
    int ImagesAtOnce { get; }

    /// <summary>Tokens to pixels.</summary>
    /// <param name="tokens">[B, T].</param>
    /// <param name="pixels">[B, H, W, 3], written: nominally in [-1, 1], not clamped.</param>
    /// <param name="cancellation">Looked at between two blocks, or two batches.</param>
    /// <exception cref="ArgumentException">A token is out of range or a length does not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; <paramref name="pixels"/> hold nothing of use.</exception>
    void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default);

    /// <summary>Codewords, or anything near them such as cluster centroids, to pixels.</summary>
    /// <param name="codewords">[B, T, e], as the tokenizer uses them; they are not normalised again.</param>
    /// <param name="pixels">As for <see cref="Decode"/>.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels);
}
