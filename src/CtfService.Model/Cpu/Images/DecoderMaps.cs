using CtfService.Model.Cpu.Memory;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Cpu.Images;

/// <summary>The features of a few images between two convolutions, allocated once for the largest map of each kind. What is never touched costs no memory.</summary>
internal sealed unsafe class DecoderMaps : IDisposable
{
    /// <summary>More images at once pay until their features no longer fit the caches; one always has room.</summary>
    private const long CachedBytes = 16 << 20;

    private readonly NativeBuffer _padded;
    private readonly NativeBuffer[] _plain;
    private readonly long _paddedFloats; // of one image
    private readonly long _plainFloats;

    /// <param name="most">More images are not asked for.</param>
    public DecoderMaps(PackedDecoder weights, int gridHeight, int gridWidth, int most)
    {
        var outline = new Outline(gridHeight, gridWidth);
        outline.Walk(weights);
        (_paddedFloats, _plainFloats, StatisticFloats) = (outline.Padded, outline.Plain, outline.Statistics);
        Images = ImagesTogether(_paddedFloats, _plainFloats, most);
        _padded = new NativeBuffer(Images * _paddedFloats * sizeof(float), zeroed: false);
        _plain = [.. Enumerable.Range(0, 3).Select(_ => new NativeBuffer(Images * _plainFloats * sizeof(float), zeroed: false))];
    }

    /// <summary>Floats of the largest map with and without a border, before anything is packed; channels that only fill up a panel are left out.</summary>
    public static (long Padded, long Plain) LargestMaps(TokenizerConfig config, int gridHeight, int gridWidth)
    {
        var (padded, plain) = (0L, 0L);
        var input = config.DecoderMultipliers[^1];
        for (var level = config.DecoderMultipliers.Count - 1; level >= 0; level--)
        {
            var (height, width) = (
                (long)gridHeight << (config.DecoderMultipliers.Count - 1 - level),
                (long)gridWidth << (config.DecoderMultipliers.Count - 1 - level));
            var channels = (long)config.BaseWidth * Math.Max(input, config.DecoderMultipliers[level]); // a level's first block has the width of the one before
            padded = Math.Max(padded, (height + 2) * (width + 2) * channels);
            plain = Math.Max(plain, height * width * channels);
            input = config.DecoderMultipliers[level];
        }

        return (padded, plain);
    }

    /// <summary>How many images are decoded together.</summary>
    /// <param name="padded">Floats of an image.</param>
    /// <param name="plain">The same.</param>
    public static int ImagesTogether(long padded, long plain, int most) => (int)Math.Clamp(CachedBytes / ((padded + (3 * plain)) * sizeof(float)), 1, most);

    /// <summary>Images that are decoded together.</summary>
    public int Images { get; }

    /// <summary>Room for the statistics of one image.</summary>
    public long StatisticFloats { get; }

    /// <summary>Without border.</summary>
    /// <param name="buffer">0 to 2.</param>
    public FeatureMap Plain(int buffer, int height, int width, int stride, int phases = 1) => new()
    {
        Start = _plain[buffer].Floats,
        ImageStride = _plainFloats,
        Height = height,
        Width = width,
        Stride = stride,
        Phases = phases,
    };

    /// <summary>The input of a convolution.</summary>
    /// <param name="border">1 where its window is larger than a pixel.</param>
    public FeatureMap Padded(int height, int width, int stride, int border) => new()
    {
        Start = _padded.Floats,
        ImageStride = _paddedFloats,
        Height = height,
        Width = width,
        Stride = stride,
        Border = border,
    };

    public void Dispose()
    {
        _padded.Dispose();
        foreach (var buffer in _plain)
        {
            buffer.Dispose();
        }
    }

    /// <summary>Sizes of the largest maps on the way through a decoder.</summary>
    private sealed class Outline(int height, int width)
    {
        private int _height = height;
        private int _width = width;

        public long Padded { get; private set; }

        public long Plain { get; private set; }

        public long Statistics { get; private set; }

        public void Walk(PackedDecoder weights)
        {
            Pass(weights.AfterQuantizer);
            Pass(weights.Input);
            foreach (var block in weights.Blocks)
            {
                Walk(block);
            }

            Pass(weights.Output);
        }

        private void Walk(PackedBlock block)
        {
            switch (block)
            {
                case PackedResidual residual:
                    Pass(residual.Convolution1);
                    Pass(residual.Convolution2);
                    break;
                case PackedAttention attention:
                    Pass(attention.Output);
                    break;
                case PackedDoubling doubling:
                    Pass(doubling.Convolution);
                    break;
                default:
                    throw new InvalidOperationException($"There is no way through a {block.GetType().Name}.");
            }
        }

        private void Pass(PackedConvolution convolution)
        {
            Padded = Math.Max(Padded, (_height + 2L) * (_width + 2L) * convolution.InputStride);
            Plain = Math.Max(Plain, (long)_height * _width * convolution.InputStride);
            (_height, _width) = convolution.Phases == 1 ? (_height, _width) : (2 * _height, 2 * _width);
            var pixels = (long)_height * _width;
            Plain = Math.Max(Plain, pixels * convolution.OutputStride);
            Statistics = Math.Max(Statistics, ((pixels / FeatureMap.BlockPixels) + convolution.Phases) * convolution.OutputStride);
        }
    }
}
