using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data;
using static TorchSharp.torch;

namespace CtfService.Training.Tokens;

/// <summary>Computes the tokens of all crops of images with a frozen tokenizer.</summary>
internal sealed class TokenEncoder
{
    /// <summary>Memory that one call of the tokenizer may take for activations and distances, bytes.</summary>
    private const long Budget = 2L << 30;

    /// <summary>Maps of the width of the first level, and rows of distances, that exist at the same time.</summary>
    private const long MapsAtOnce = 4;

    private readonly VqTokenizer _tokenizer;
    private readonly TokenizedImages _images;
    private readonly int _together;

    public TokenEncoder(VqTokenizer tokenizer, TokenizedImages images)
    {
        var config = tokenizer.Config;
        _tokenizer = tokenizer;
        _images = images;
        long side = images.ImageSize / config.PatchSize;
        var grid = images.ImageSize / config.DownsampleFactor;
        Positions = grid * grid;
        var bytes = MapsAtOnce * sizeof(float) * ((side * side * config.BaseWidth * config.EncoderMultipliers[0]) + ((long)Positions * config.CodebookSize));
        _together = (int)Math.Clamp(Budget / bytes, 1, TokenLayout.BlockImages);
    }

    /// <summary>T: tokens of a crop.</summary>
    public int Positions { get; }

    /// <summary>Encodes images.</summary>
    /// <returns>The rows of the first crop of all images, then those of the second, and so on.</returns>
    public TokenBlock Encode(IReadOnlyList<WalkedImage> images)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var mixed = new Autocast(_images.UseBfloat16 ? ScalarType.BFloat16 : null);
        var side = _images.Crops.SourceSide(_images.ImageSize);
        var pixels = Upload.To(Pixels(images, side), _tokenizer.Quantizer.StoredCodewords.device);
        var tokens = new List<long>(images.Count * _images.Crops.Count() * Positions);
        for (var crop = 0; crop < _images.Crops.Count(); crop++)
        {
            for (var first = 0; first < images.Count; first += _together)
            {
                using var part = NewDisposeScope();
                var count = Math.Min(_together, images.Count - first);
                var cropped = _images.Crops.Of(pixels.narrow(0, first, count), crop, _images.ImageSize);
                tokens.AddRange(_tokenizer.VqEncode(cropped).cpu().data<long>());
            }
        }

        var classIds = images.Select(image => image.ClassId).ToList();
        return new TokenBlock([.. Enumerable.Repeat(classIds, _images.Crops.Count()).SelectMany(ids => ids)], [.. tokens], images[^1].Next);
    }

    private static Tensor Pixels(IReadOnlyList<WalkedImage> images, int side)
    {
        var size = side * side * 3;
        var pixels = new float[images.Count * size];
        Parallel.For(0, images.Count, image =>
            AugmentedImage.Write(images[image].Pixels, side, side, AugmentationDraw.None, pixels.AsSpan(image * size, size)));
        return tensor(pixels, [images.Count, 3, side, side]);
    }
}
