using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Cpu.VqDecoder;

/// <summary>Forward pass of the decoder: the codewords of a few images to pixels.</summary>
internal interface IVqDecodePass : IDisposable
{
    /// <summary>Gets the largest number of images in a pass.</summary>
    int Capacity { get; }

    /// <summary>Gets the codebook as the decoder uses it, [K, e].</summary>
    ReadOnlySpan<float> Codewords { get; }

    /// <summary>Returns the codeword to decode at a cell, [e], to be written before a pass. The cells of the second image follow those of the first.</summary>
    Span<float> Codeword(int cell);

    /// <summary>Decodes the codewords of some images.</summary>
    /// <param name="pixels">[images, H, W, 3], overwritten.</param>
    /// <param name="cancellation">Checked between two blocks.</param>
    /// <exception cref="OperationCanceledException">The pass was cancelled; the pixels are undefined.</exception>
    unsafe void Run(int images, float* pixels, CancellationToken cancellation);
}

/// <summary>
/// LlamaGen's decoder, as in <see cref="Decoder"/>. Every thread of the pool runs the same operations on its part of each. A barrier separates two
/// operations, because the second needs results of other threads. Three unpadded buffers rotate: the hidden features stay in one while a block uses the
/// others.
/// </summary>
internal sealed unsafe class VqDecodePass<TVector, TSimd> : IVqDecodePass, IParallelRegion
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    private readonly VqDecodeParts _parts;
    private readonly PackedDecoder _weights;
    private readonly DecoderBuffers _buffers;
    private readonly GroupNormStatistics _statistics;
    private readonly SpatialAttention<TVector, TSimd> _attention;
    private readonly NativeBuffer _codewords; // [images, T, e padded to whole panels]
    private readonly NativeBuffer _scratch;   // [threads][3, widest C]
    private readonly long _scratchFloats;
    private int _images;
    private float* _pixels;
    private PoolCancellation _cancellation;

    public VqDecodePass(VqDecodeParts parts)
    {
        _parts = parts;
        _weights = new DecoderPacker(parts.Config, parts.Weights, TSimd.Lanes).Pack();
        _buffers = new DecoderBuffers(_weights, parts.GridHeight, parts.GridWidth, parts.Capacity);
        _statistics = new GroupNormStatistics(Capacity, _buffers.StatisticFloats);
        _attention = new SpatialAttention<TVector, TSimd>(Positions, _weights.Input.OutputStride, Capacity, parts.Pool.Threads);
        _codewords = NativeBuffer.OfFloats((long)Capacity * Positions * _weights.PostQuantizer.InputStride);
        var widest = parts.Config.BaseWidth * parts.Config.DecoderMultipliers.Max();
        _scratchFloats = (3 * widest) + VectorPair<TVector, TSimd>.Lanes;
        _scratch = NativeBuffer.OfFloats(parts.Pool.Threads * _scratchFloats);
    }

    public int Capacity => _buffers.Images;

    public ReadOnlySpan<float> Codewords => new(_weights.Codewords.Floats, _parts.Config.CodebookSize * _parts.Config.CodewordWidth);

    private int Positions => _parts.GridHeight * _parts.GridWidth;

    public Span<float> Codeword(int cell) => new(_codewords.Floats + ((long)cell * _weights.PostQuantizer.InputStride), _parts.Config.CodewordWidth);

    public void Run(int images, float* pixels, CancellationToken cancellation)
    {
        _images = images;
        _pixels = pixels;
        _cancellation = new PoolCancellation(cancellation);
        _parts.Pool.Run(this);
        _cancellation.ThrowIfStopped();
    }

    void IParallelRegion.Run(int thread)
    {
        var worker = new PoolWorker(thread, _parts.Pool);
        var hidden = RunInput(worker);
        for (var block = 0; block < _weights.Blocks.Count; block++) // foreach would allocate an enumerator
        {
            _cancellation.Check(thread, block);
            hidden = _weights.Blocks[block] switch
            {
                PackedResidual residual => RunResidual(residual, hidden, worker),
                PackedAttention attention => RunAttention(attention, hidden, worker),
                PackedUpsampling upsampling => RunUpsampling(upsampling, hidden, worker),
                _ => throw new InvalidOperationException($"Unknown block {_weights.Blocks[block].GetType().Name}."),
            };
            if (_cancellation.StopsAfter(block))
            {
                return;
            }
        }

        RunOutput(hidden, worker);
    }

    public void Dispose()
    {
        _weights.Dispose();
        _buffers.Dispose();
        _statistics.Dispose();
        _attention.Dispose();
        _codewords.Dispose();
        _scratch.Dispose();
    }

    /// <summary>Computes the first hidden features from the codewords.</summary>
    private BufferedMap RunInput(PoolWorker worker)
    {
        var (height, width) = (_parts.GridHeight, _parts.GridWidth);
        var codewords = new FeatureMap
        {
            Start = _codewords.Floats,
            ImageStride = (long)Positions * _weights.PostQuantizer.InputStride,
            Height = height,
            Width = width,
            Stride = _weights.PostQuantizer.InputStride,
        };
        var latents = _buffers.Unpadded(1, height, width, _weights.PostQuantizer.OutputStride);
        Convolve(_weights.PostQuantizer, codewords, latents, worker);
        var hidden = new BufferedMap(0, _buffers.Unpadded(0, height, width, _weights.Input.OutputStride));
        Convolve(_weights.Input, WriteInput(null, Activation.None, latents, padding: 1, worker), hidden.Features, worker, recordsStatistics: true);
        return hidden;
    }

    private BufferedMap RunResidual(PackedResidual block, BufferedMap hidden, PoolWorker worker)
    {
        var (height, width) = (hidden.Features.Height, hidden.Features.Width);
        var first = WriteInput(block.Norm1, Activation.NormalizedSilu, hidden.Features, padding: 1, worker);
        var inner = _buffers.Unpadded(hidden.Next(1), height, width, block.Convolution1.OutputStride);
        Convolve(block.Convolution1, first, inner, worker, recordsStatistics: true);

        var shortcut = hidden with { Features = _buffers.Unpadded(hidden.Buffer, height, width, hidden.Features.Stride) };
        if (block.Shortcut is not null)
        {
            shortcut = new BufferedMap(hidden.Next(2), _buffers.Unpadded(hidden.Next(2), height, width, block.Shortcut.OutputStride));
            Convolve(block.Shortcut, hidden.Features, shortcut.Features, worker);
        }

        var second = WriteInput(block.Norm2, Activation.NormalizedSilu, inner, padding: 1, worker);
        Convolve(block.Convolution2, second, shortcut.Features, worker, accumulates: true, recordsStatistics: true);
        return shortcut;
    }

    private BufferedMap RunAttention(PackedAttention block, BufferedMap hidden, PoolWorker worker)
    {
        var normalized = WriteInput(block.Norm, Activation.Normalized, hidden.Features, padding: 0, worker);
        var queries = _buffers.Unpadded(hidden.Next(1), normalized.Height, normalized.Width, normalized.Stride);
        _attention.Project(block.QueryKeyValue, normalized, queries, _images, worker);
        worker.WaitAtBarrier();
        _attention.Attend(queries, normalized, _images, worker); // overwrites the normalized features, which are no longer needed
        worker.WaitAtBarrier();
        Convolve(block.Output, normalized, hidden.Features, worker, accumulates: true, recordsStatistics: true);
        return hidden;
    }

    private BufferedMap RunUpsampling(PackedUpsampling block, BufferedMap hidden, PoolWorker worker)
    {
        var small = WriteInput(null, Activation.None, hidden.Features, padding: 1, worker);
        var upsampled = _buffers.Unpadded(hidden.Next(1), 2 * small.Height, 2 * small.Width, block.Convolution.OutputStride, phases: 4);
        Convolve(block.Convolution, small, upsampled, worker, recordsStatistics: true);
        return new BufferedMap(hidden.Next(1), upsampled);
    }

    private void RunOutput(BufferedMap hidden, PoolWorker worker)
    {
        var last = WriteInput(_weights.OutputNorm, Activation.NormalizedSilu, hidden.Features, padding: 1, worker);
        var output = _buffers.Unpadded(hidden.Next(1), last.Height, last.Width, _weights.Output.OutputStride);
        Convolve(_weights.Output, last, output, worker);
        var items = worker.Schedule(_images * output.Height);
        while (items.TryTake(out var item))
        {
            var (image, row) = Math.DivRem(item, output.Height);
            DepthToSpace(output, image, row);
        }
    }

    /// <summary>Rearranges the channels [3, p, p] of a row to blocks of p x p pixels.</summary>
    private void DepthToSpace(FeatureMap output, int image, int row)
    {
        var patch = _parts.Config.PatchSize;
        var width = output.Width * patch;
        var target = _pixels + (((image * (long)output.Height) + row) * patch * width * VqTokenizer.PixelChannels);
        for (var column = 0; column < output.Width; column++)
        {
            var channels = output.Pixel(image, row, column);
            for (var channel = 0; channel < VqTokenizer.PixelChannels; channel++)
            {
                for (var pixel = 0; pixel < patch * patch; pixel++)
                {
                    var (y, x) = Math.DivRem(pixel, patch);
                    target[((((y * width) + (column * patch)) + x) * VqTokenizer.PixelChannels) + channel] = *channels++;
                }
            }
        }
    }

    /// <summary>Writes the input of the next convolution.</summary>
    private FeatureMap WriteInput(PackedNorm? norm, Activation activation, FeatureMap input, int padding, PoolWorker worker)
    {
        var output = _buffers.Padded(input.Height, input.Width, input.Stride, padding);
        var scratch = _scratch.Floats + (worker.Index * _scratchFloats);
        ConvolutionInput<TVector, TSimd>.Run(norm, activation, input, output, _statistics, _images, worker, scratch);
        worker.WaitAtBarrier();
        return output;
    }

    private void Convolve(
        PackedConvolution weights, FeatureMap input, FeatureMap output, PoolWorker worker, bool accumulates = false, bool recordsStatistics = false)
    {
        DirectConvolution<TVector, TSimd>.Run(weights, input, output, accumulates, recordsStatistics ? _statistics : null, _images, worker);
        worker.WaitAtBarrier();
    }

    /// <summary>A feature map and the index of its buffer.</summary>
    private readonly record struct BufferedMap(int Buffer, FeatureMap Features)
    {
        /// <summary>Returns the index of a following buffer, cyclically.</summary>
        public int Next(int offset) => (Buffer + offset) % 3;
    }
}

/// <summary>The constructor arguments of a VQ decode pass.</summary>
internal sealed record VqDecodeParts(
    TokenizerConfig Config, WeightSource Weights, int GridHeight, int GridWidth, ComputeThreadPool Pool, int Capacity);
