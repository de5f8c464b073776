using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>VQ decodes with libtorch, on any device.</summary>
/// <param name="tokenizer">In evaluation mode, on the device. Not disposed.</param>
public sealed class TorchVqDecoder(VqTokenizer tokenizer, int gridHeight, int gridWidth, Device device) : IVqDecoder
{
    private readonly VqDecodeCheck _check = new(tokenizer.Config, gridHeight, gridWidth);

    public TokenizerConfig Config => tokenizer.Config;

    public int GridHeight => gridHeight;

    public int GridWidth => gridWidth;

    public int ImagesAtOnce => IVqDecoder.MaxBatch;

    /// <inheritdoc/>
    public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var images = _check.RequireTokens(tokens, pixels);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var ids = tensor(tokens.ToArray(), [images, _check.Positions], int64, device);
        ToHost(tokenizer.VqDecode(ids, gridHeight, gridWidth), pixels);
    }

    /// <inheritdoc/>
    public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels)
    {
        var images = _check.RequireCodewords(codewords, pixels);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var grid = tensor(codewords.ToArray(), [images, gridHeight, gridWidth, Config.CodewordWidth], device: device)
            .permute(0, 3, 1, 2).contiguous(); // [B, e, Gh, Gw]
        ToHost(tokenizer.DecodeCodewords(grid), pixels);
    }

    public void Dispose()
    {
        // The caller owns the tokenizer.
    }

    private static void ToHost(Tensor images, Span<float> pixels) => // [B, 3, H, W]
        images.permute(0, 2, 3, 1).to(float32).cpu().contiguous().data<float>().CopyTo(pixels);
}
