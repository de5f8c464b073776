using System.Numerics.Tensors;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Stages;

/// <summary>The last stage: decodes the tokens of several images to pixels in one batch. Call from the device thread only.</summary>
/// <param name="decoder">Not disposed.</param>
internal sealed class VqDecodeStage(IVqDecoder decoder)
{
    /// <summary>Images in one batch.</summary>
    public const int Capacity = IVqDecoder.MaxBatch;

    private readonly VqDecodeCheck _check = new(decoder.Config, decoder.GridHeight, decoder.GridWidth);
    private int[] _tokens = [];    // [images, T], grown to the largest batch so far
    private float[] _pixels = [];  // [images, H, W, 3]

    /// <summary>The number of images worth decoding together, 1 to <see cref="Capacity"/>.</summary>
    public int ImagesAtOnce => Math.Min(Capacity, decoder.ImagesAtOnce);

    /// <param name="tokens">[B] arrays of [T].</param>
    /// <exception cref="NotFiniteException">A pixel of one of the images is not finite.</exception>
    public RgbImage[] Run(IReadOnlyList<int[]> tokens, CancellationToken cancellation = default)
    {
        if (_tokens.Length < tokens.Count * _check.Positions)
        {
            (_tokens, _pixels) = (new int[tokens.Count * _check.Positions], new float[tokens.Count * _check.PixelFloats]);
        }

        for (var image = 0; image < tokens.Count; image++)
        {
            tokens[image].CopyTo(_tokens, image * _check.Positions);
        }

        var pixels = _pixels.AsSpan(0, tokens.Count * _check.PixelFloats);
        decoder.Decode(_tokens.AsSpan(0, tokens.Count * _check.Positions), pixels, cancellation);
        if (!TensorPrimitives.IsFiniteAll<float>(pixels))
        {
            throw NotFiniteException.Of("pixels");
        }

        return Pixels.ToImages(pixels, _check.ImageWidth, _check.ImageHeight);
    }
}
