using CtfService.Core.Generation;
using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Imaging;

/// <summary>Converts between float pixels in [-1, 1] and 8-bit images.</summary>
public static class Pixels
{
    /// <summary>Converts one image [3, H, W]. Each value x becomes the integer part of 127.5 x + 128, clamped to 0..255, as in the reference.</summary>
    public static RgbImage ToImage(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var values = pixels.to(float32).mul(Scalars.Of(127.5f)).add_(Scalars.Of(128L)).clamp_(Scalars.Of(0L), Scalars.Of(255L));
        var bytes = values.to(ScalarType.Byte).permute(1, 2, 0).contiguous().cpu();
        return new RgbImage((int)pixels.shape[2], (int)pixels.shape[1], bytes.data<byte>().ToArray());
    }

    /// <summary>Converts floats [B, H, W, 3] in the same way.</summary>
    public static RgbImage[] ToImages(ReadOnlySpan<float> pixels, int width, int height)
    {
        var floats = width * height * 3;
        var images = new RgbImage[pixels.Length / floats];
        for (var image = 0; image < images.Length; image++)
        {
            images[image] = ToImage(pixels.Slice(image * floats, floats), width, height);
        }

        return images;
    }

    /// <summary>Converts images of one size to a tensor [B, 3, H, W].</summary>
    public static Tensor ToTensor(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (images[0].Height, images[0].Width);
        var bytes = images.SelectMany(image => image.Pixels).ToArray();
        return tensor(bytes, [images.Count, height, width, 3]).permute(0, 3, 1, 2).to(float32).div_(127.5).sub_(1).contiguous().MoveToOuterDisposeScope();
    }

    private static RgbImage ToImage(ReadOnlySpan<float> pixels, int width, int height)
    {
        var bytes = new byte[pixels.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)Math.Clamp((pixels[i] * 127.5f) + 128f, 0f, 255f);
        }

        return new RgbImage(width, height, bytes);
    }
}
