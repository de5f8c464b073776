using CtfService.Model.Cpu.Memory;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>The features of a few images between two convolutions, allocated once for the largest map of each kind. What is never touched costs no memory.</summary>
internal sealed unsafe class DecoderBuffers : IDisposable
{
    /// <summary>More images at once pay until their features no longer fit the caches; one always has room.</summary>
    private const long CachedBytes = 16 << 20;

    private readonly NativeBuffer _padded;
    private readonly NativeBuffer[] _unpadded;
    private readonly long _paddedFloats; // of one image
    private readonly long _unpaddedFloats;

    /// <param name="maxImages">More images are not asked for.</param>
    public DecoderBuffers(PackedDecoder weights, int gridHeight, int gridWidth, int maxImages)
    {
        var sizes = new LargestSizes(gridHeight, gridWidth);
        sizes.Measure(weights);
        (_paddedFloats, _unpaddedFloats, StatisticFloats) = (sizes.Padded, sizes.Unpadded, sizes.Statistics);
        Images = ImagesPerPass(_paddedFloats, _unpaddedFloats, maxImages);
        _padded = new NativeBuffer(Images * _paddedFloats * sizeof(float), zeroed: false);
        _unpadded = [.. Enumerable.Range(0, 3).Select(_ => new NativeBuffer(Images * _unpaddedFloats * sizeof(float), zeroed: false))];
    }

    /// <summary>Floats of the largest map with and without padding, before anything is packed; channels that only fill up a panel are left out.</summary>
    public static (long Padded, long Unpadded) LargestFeatureMaps(TokenizerConfig config, int gridHeight, int gridWidth)
    {
        var (padded, unpadded) = (0L, 0L);
        var input = config.DecoderMultipliers[^1];
        for (var level = config.DecoderMultipliers.Count - 1; level >= 0; level--)
        {
            var (height, width) = (
                (long)gridHeight << (config.DecoderMultipliers.Count - 1 - level),
                (long)gridWidth << (config.DecoderMultipliers.Count - 1 - level));
            var channels = (long)config.BaseWidth * Math.Max(input, config.DecoderMultipliers[level]); // a level's first block has the width of the one before
            padded = Math.Max(padded, (height + 2) * (width + 2) * channels);
            unpadded = Math.Max(unpadded, height * width * channels);
            input = config.DecoderMultipliers[level];
        }

        return (padded, unpadded);
    }

    /// <summary>How many images are decoded together.</summary>
    /// <param name="padded">Floats of an image.</param>
    /// <param name="unpadded">The same.</param>
    public static int ImagesPerPass(long padded, long unpadded, int maxImages) => (int)Math.Clamp(CachedBytes / ((padded + (3 * unpadded)) * sizeof(float)), 1, maxImages);

    /// <summary>Images that are decoded together.</summary>
    public int Images { get; }

    /// <summary>Room for the statistics of one image.</summary>
    public long StatisticFloats { get; }

    /// <summary>Without padding.</summary>
    /// <param name="buffer">0 to 2.</param>
    public FeatureMap Unpadded(int buffer, int height, int width, int stride, int phases = 1) => new()
    {
        Start = _unpadded[buffer].Floats,
        ImageStride = _unpaddedFloats,
        Height = height,
        Width = width,
        Stride = stride,
        Phases = phases,
    };

    /// <summary>The input of a convolution.</summary>
    /// <param name="padding">1 where its window is larger than a pixel.</param>
    public FeatureMap Padded(int height, int width, int stride, int padding) => new()
    {
        Start = _padded.Floats,
        ImageStride = _paddedFloats,
        Height = height,
        Width = width,
        Stride = stride,
        Padding = padding,
    };

    public void Dispose()
    {
        _padded.Dispose();
        foreach (var buffer in _unpadded)
        {
            buffer.Dispose();
        }
    }

    /// <summary>Sizes of the largest maps on the way through a decoder.</summary>
    private sealed class LargestSizes(int height, int width)
    {
        private int _height = height;
        private int _width = width;

        public long Padded { get; private set; }

        public long Unpadded { get; private set; }

        public long Statistics { get; private set; }

        public void Measure(PackedDecoder weights)
        {
            MeasureConvolution(weights.PostQuantizer);
            MeasureConvolution(weights.Input);
            foreach (var block in weights.Blocks)
            {
                Measure(block);
            }

            MeasureConvolution(weights.Output);
        }

        private void Measure(PackedBlock block)
        {
            switch (block)
            {
                case PackedResidual residual:
                    MeasureConvolution(residual.Convolution1);
                    MeasureConvolution(residual.Convolution2);
                    break;
                case PackedAttention attention:
                    MeasureConvolution(attention.Output);
                    break;
                case PackedUpsampling upsampling:
                    MeasureConvolution(upsampling.Convolution);
                    break;
                default:
                    throw new InvalidOperationException($"There is no way through a {block.GetType().Name}.");
            }
        }

        private void MeasureConvolution(PackedConvolution convolution)
        {
            Padded = Math.Max(Padded, (_height + 2L) * (_width + 2L) * convolution.InputStride);
            Unpadded = Math.Max(Unpadded, (long)_height * _width * convolution.InputStride);
            (_height, _width) = convolution.Phases == 1 ? (_height, _width) : (2 * _height, 2 * _width);
            var pixels = (long)_height * _width;
            Unpadded = Math.Max(Unpadded, pixels * convolution.OutputStride);
            Statistics = Math.Max(Statistics, ((pixels / FeatureMap.BlockPixels) + convolution.Phases) * convolution.OutputStride);
        }
    }
}
