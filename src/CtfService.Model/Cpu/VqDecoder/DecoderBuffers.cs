using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// The feature maps of a few images between two convolutions, allocated once for the largest map. Pages that are never touched cost no memory.
/// </summary>
internal sealed unsafe class DecoderBuffers : IDisposable
{
    /// <summary>Bytes of feature maps up to which decoding more images together is faster: about what the caches hold.</summary>
    private const long CachedBytes = 16 << 20;

    private readonly NativeBuffer _padded;
    private readonly NativeBuffer[] _unpadded;
    private readonly long _paddedFloats; // per image
    private readonly long _unpaddedFloats;

    /// <param name="maxImages">The largest number of images to decode together.</param>
    public DecoderBuffers(PackedDecoder weights, int gridHeight, int gridWidth, int maxImages)
    {
        var sizes = new LargestSizes(gridHeight, gridWidth);
        sizes.Measure(weights);
        (_paddedFloats, _unpaddedFloats, StatisticFloats) = (sizes.Padded, sizes.Unpadded, sizes.Statistics);
        Images = ImagesPerPass(_paddedFloats, _unpaddedFloats, maxImages);
        _padded = new NativeBuffer(Images * _paddedFloats * sizeof(float), zeroed: false);
        _unpadded = [.. Enumerable.Range(0, 3).Select(_ => new NativeBuffer(Images * _unpaddedFloats * sizeof(float), zeroed: false))];
    }

    /// <summary>
    /// Returns the floats of the largest map with and without padding, estimated from the architecture; channels that only pad a panel are left out.
    /// </summary>
    public static (long Padded, long Unpadded) LargestFeatureMaps(TokenizerConfig config, int gridHeight, int gridWidth)
    {
        var (padded, unpadded) = (0L, 0L);
        var input = config.DecoderMultipliers[^1];
        for (var level = config.DecoderMultipliers.Count - 1; level >= 0; level--)
        {
            var (height, width) = (
                (long)gridHeight << (config.DecoderMultipliers.Count - 1 - level),
                (long)gridWidth << (config.DecoderMultipliers.Count - 1 - level));

            // The first block of a level has the width of the level before it.
            var channels = (long)config.BaseWidth * Math.Max(input, config.DecoderMultipliers[level]);
            padded = Math.Max(padded, (height + 2) * (width + 2) * channels);
            unpadded = Math.Max(unpadded, height * width * channels);
            input = config.DecoderMultipliers[level];
        }

        return (padded, unpadded);
    }

    /// <summary>Returns the number of images to decode together.</summary>
    /// <param name="padded">Floats of an image's largest map with padding.</param>
    /// <param name="unpadded">Floats of an image's largest map without padding.</param>
    public static int ImagesPerPass(long padded, long unpadded, int maxImages) =>
        (int)Math.Clamp(CachedBytes / ((padded + (3 * unpadded)) * sizeof(float)), 1, maxImages);

    /// <summary>Gets the number of images that are decoded together.</summary>
    public int Images { get; }

    /// <summary>Gets the floats that the statistics of one image need.</summary>
    public long StatisticFloats { get; }

    /// <summary>Returns a map without padding.</summary>
    /// <param name="buffer">Index of the buffer, 0 to 2.</param>
    public FeatureMap Unpadded(int buffer, int height, int width, int stride, int phases = 1) => new()
    {
        Start = _unpadded[buffer].Floats,
        ImageStride = _unpaddedFloats,
        Height = height,
        Width = width,
        Stride = stride,
        Phases = phases,
    };

    /// <summary>Returns the input map of a convolution.</summary>
    /// <param name="padding">1 if the window is larger than a pixel, else 0.</param>
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

    /// <summary>Finds the sizes of the largest maps of a decoder.</summary>
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
                    throw new InvalidOperationException($"Unknown block {block.GetType().Name}.");
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
