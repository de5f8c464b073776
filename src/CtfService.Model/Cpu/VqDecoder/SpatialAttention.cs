using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>
/// Self-attention over all positions of an image: softmax(q K^T / sqrt(C)) V, computed by <see cref="ConvolutionMicroKernel{TVector, TSimd}"/>. Keys and
/// values are written in the format of packed weights, so that scores and outputs are products with panels. Every sum has a fixed order. Owns its buffers.
/// </summary>
internal sealed unsafe class SpatialAttention<TVector, TSimd> : IDisposable
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    private readonly int _positions;
    private readonly int _paddedPositions; // positions, padded to whole panels
    private readonly int _width;
    private readonly long _imageFloats;
    private readonly int _scoreStride;
    private readonly NativeBuffer _keys;   // [images][panel of positions][C][2 vectors of positions]; the padding stays zero
    private readonly NativeBuffer _values; // [images][panel of channels][positions][2 vectors of channels]; the padding stays zero
    private readonly NativeBuffer _scores; // [threads][block pixels, positions]
    private readonly NativeBuffer _noBias;

    public SpatialAttention(int positions, int width, int images, int threads)
    {
        (_positions, _width) = (positions, width);
        _paddedPositions = Alignment.RoundUp(positions, Panel);
        _imageFloats = (long)_paddedPositions * width;
        _scoreStride = _paddedPositions + Alignment.CacheLineFloats; // rows a power of two apart would map to few sets of the first-level cache
        _keys = NativeBuffer.OfFloats(images * _imageFloats);
        _values = NativeBuffer.OfFloats(images * _imageFloats);
        _scores = NativeBuffer.OfFloats((long)threads * FeatureMap.BlockPixels * _scoreStride);
        _noBias = NativeBuffer.OfFloats(Panel);
    }

    private static int Panel => VectorPair<TVector, TSimd>.Lanes;

    /// <summary>Projects normalized features to queries, keys and values: one thread's part.</summary>
    public void Project(PackedConvolution weights, FeatureMap input, FeatureMap queries, int images, PoolWorker worker)
    {
        var items = worker.Schedule(images * input.Blocks * weights.PanelCount);
        while (items.TryTake(out var item))
        {
            var (imageBlock, panel) = Math.DivRem(item, weights.PanelCount);
            var (image, block) = Math.DivRem(imageBlock, input.Blocks);
            var (part, partPanel) = Math.DivRem(panel, _width / Panel);
            ProjectItem(weights, panel, input, queries, image, block, part, partPanel);
        }
    }

    /// <summary>Computes the attention outputs of all queries: one thread's part.</summary>
    public void Attend(FeatureMap queries, FeatureMap attended, int images, PoolWorker worker)
    {
        var items = worker.Schedule(images * queries.Blocks);
        while (items.TryTake(out var item))
        {
            var (image, block) = Math.DivRem(item, queries.Blocks);
            AttendItem(queries, attended, image, block, _scores.Floats + ((long)worker.Index * FeatureMap.BlockPixels * _scoreStride));
        }
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
        _scores.Dispose();
        _noBias.Dispose();
    }

    private void ProjectItem(PackedConvolution weights, int panel, FeatureMap input, FeatureMap queries, int image, int block, int part, int partPanel)
    {
        var block0 = block * FeatureMap.BlockPixels;
        var pixels = input.PixelsOf(block);
        var discarded = stackalloc float[FeatureMap.BlockPixels * Panel];
        var sources = stackalloc float*[FeatureMap.BlockPixels];
        var targets = stackalloc float*[FeatureMap.BlockPixels];
        for (var pixel = 0; pixel < FeatureMap.BlockPixels; pixel++)
        {
            var position = block0 + Math.Min(pixel, pixels - 1);
            sources[pixel] = FeaturesAt(input, image, position);
            targets[pixel] = part == 1 || pixel >= pixels ? discarded + (pixel * Panel)
                : part == 0 ? FeaturesAt(queries, image, position) + (partPanel * Panel)
                : _values.Floats + (image * _imageFloats) + ((((long)partPanel * _paddedPositions) + position) * Panel);
        }

        ConvolutionMicroKernel<TVector, TSimd>.Run(TileOf(weights.Panel(phase: 0, panel), weights.Bias(panel), _width), sources, targets, pixels);
        if (part == 1)
        {
            TransposeKeys(discarded, image, block0, pixels, partPanel * Panel);
        }
    }

    /// <summary>Transposes a panel of channels of some positions into panels of positions.</summary>
    private void TransposeKeys(float* block, int image, int firstPosition, int pixels, int firstChannel)
    {
        for (var pixel = 0; pixel < pixels; pixel++)
        {
            var (panel, lane) = Math.DivRem(firstPosition + pixel, Panel);
            var target = KeyPanel(image, panel) + ((long)firstChannel * Panel) + lane;
            for (var channel = 0; channel < Panel; channel++)
            {
                target[channel * Panel] = block[(pixel * Panel) + channel];
            }
        }
    }

    private void AttendItem(FeatureMap queries, FeatureMap attended, int image, int block, float* scores)
    {
        var pixels = queries.PixelsOf(block);
        var discarded = stackalloc float[Panel];
        var sources = stackalloc float*[FeatureMap.BlockPixels];
        var targets = stackalloc float*[FeatureMap.BlockPixels];
        for (var panel = 0; panel < _paddedPositions / Panel; panel++)
        {
            for (var pixel = 0; pixel < FeatureMap.BlockPixels; pixel++)
            {
                sources[pixel] = FeaturesAt(queries, image, (block * FeatureMap.BlockPixels) + Math.Min(pixel, pixels - 1));
                targets[pixel] = scores + (pixel * _scoreStride) + (panel * Panel);
            }

            ConvolutionMicroKernel<TVector, TSimd>.Run(TileOf(KeyPanel(image, panel), _noBias.Floats, _width), sources, targets, pixels);
        }

        for (var pixel = 0; pixel < pixels; pixel++)
        {
            VectorMath<TVector, TSimd>.SoftMax(scores + (pixel * _scoreStride), _positions);
        }

        for (var panel = 0; panel < _width / Panel; panel++)
        {
            for (var pixel = 0; pixel < FeatureMap.BlockPixels; pixel++)
            {
                sources[pixel] = scores + (pixel * _scoreStride);
                targets[pixel] = pixel < pixels ? FeaturesAt(attended, image, (block * FeatureMap.BlockPixels) + pixel) + (panel * Panel) : discarded;
            }

            // The row length must be even; an odd number of positions takes one more, whose values are zero.
            var values = _values.Floats + (image * _imageFloats) + ((long)panel * _paddedPositions * Panel);
            ConvolutionMicroKernel<TVector, TSimd>.Run(TileOf(values, _noBias.Floats, Alignment.RoundUp(_positions, 2)), sources, targets, pixels);
        }
    }

    private static ConvolutionTile TileOf(float* weights, float* bias, int inputs) => new() { Weights = weights, Bias = bias, Rows = 1, RowLength = inputs };

    private float* KeyPanel(int image, int panel) => _keys.Floats + (image * _imageFloats) + ((long)panel * _width * Panel);

    private static float* FeaturesAt(FeatureMap map, int image, int position) => map.Start + (image * map.ImageStride) + ((long)position * map.Stride);
}
