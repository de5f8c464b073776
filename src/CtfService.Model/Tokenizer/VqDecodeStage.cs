using CtfService.Core.Imaging;
using CtfService.Model.Imaging;
using static TorchSharp.torch;

namespace CtfService.Model.Tokenizer;

/// <summary>The last stage as it serves: tokens of several images to pixels in one batch. Device thread only.</summary>
internal sealed class VqDecodeStage(VqTokenizer tokenizer, int gridHeight, int gridWidth, Device device)
{
    /// <summary>Images of one batch: convolutions gain nothing from more, and activations at full resolution are large.</summary>
    public const int Capacity = 8;

    /// <param name="tokens">[B] arrays of [T].</param>
    public RgbImage[] Run(IReadOnlyList<int[]> tokens)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var ids = tensor(tokens.SelectMany(image => image).Select(token => (long)token).ToArray(), [tokens.Count, gridHeight * gridWidth], device: device);
        var pixels = tokenizer.VqDecode(ids, gridHeight, gridWidth).cpu(); // [B, 3, H, W]
        return [.. Enumerable.Range(0, tokens.Count).Select(image => Pixels.ToImage(pixels[image]))];
    }
}
