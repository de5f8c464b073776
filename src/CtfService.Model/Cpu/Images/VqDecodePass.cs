using CtfService.Model.Cpu.Memory;
using CtfService.Model.Cpu.Threading;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.Weights;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Cpu.Images;

/// <summary>Codewords of a few images to pixels.</summary>
internal interface IVqDecodePass : IDisposable
{
    /// <summary>Images of one pass at most.</summary>
    int Capacity { get; }

    /// <summary>[K, e]: the codebook as it is used.</summary>
    ReadOnlySpan<float> Codewords { get; }

    /// <summary>[e], to be written before a pass: what is decoded at a cell; those of the second image follow the first's.</summary>
    Span<float> Codeword(int cell);

    /// <param name="pixels">[images, H, W, 3], written.</param>
    /// <param name="cancellation">Looked at between two blocks.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the pixels hold nothing of use.</exception>
    unsafe void Run(int images, float* pixels, CancellationToken cancellation);
}

/// <summary>
/// LlamaGen's decoder, as in <see cref="Decoder"/>. Every thread of the team walks through the same steps, takes its share of each and meets the others where one step
/// needs all of another's results.
/// </summary>
internal sealed unsafe class VqDecodePass<TVector, TSimd> : IVqDecodePass, IParallelRegion
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
{
    private readonly VqDecodeParts _parts;
    private readonly PackedDecoder _weights;
    private readonly DecoderMaps _maps;
    private readonly FeatureStatistics _statistics;
    private readonly AttentionStep<TVector, TSimd> _attention;
    private readonly NativeBuffer _codewords; // [images, T, e filled up to whole panels]
    private readonly NativeBuffer _scratch;   // [threads][3, widest C]
    private readonly long _scratchFloats;
    private int _images;
    private float* _pixels;
    private PoolCancellation _cancellation;

    public VqDecodePass(VqDecodeParts parts)
    {
        _parts = parts;
        _weights = new DecoderPacking(parts.Config, parts.Weights, TSimd.Lanes).Pack();
        _maps = new DecoderMaps(_weights, parts.GridHeight, parts.GridWidth, parts.Capacity);
        _statistics = new FeatureStatistics(Capacity, _maps.StatisticFloats);
        _attention = new AttentionStep<TVector, TSimd>(Positions, _weights.Input.OutputStride, Capacity, parts.Pool.Threads);
        _codewords = NativeBuffer.OfFloats((long)Capacity * Positions * _weights.AfterQuantizer.InputStride);
        var widest = parts.Config.BaseWidth * parts.Config.DecoderMultipliers.Max();
        _scratchFloats = (3 * widest) + VectorPair<TVector, TSimd>.Lanes;
        _scratch = NativeBuffer.OfFloats(parts.Pool.Threads * _scratchFloats);
    }

    public int Capacity => _maps.Images;

    public ReadOnlySpan<float> Codewords => new(_weights.Codewords.Floats, _parts.Config.CodebookSize * _parts.Config.CodewordWidth);

    private int Positions => _parts.GridHeight * _parts.GridWidth;

    public Span<float> Codeword(int cell) => new(_codewords.Floats + ((long)cell * _weights.AfterQuantizer.InputStride), _parts.Config.CodewordWidth);

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
        var hidden = Begin(worker);
        for (var block = 0; block < _weights.Blocks.Count; block++) // an enumerator would be allocated
        {
            _cancellation.Check(thread, block);
            hidden = _weights.Blocks[block] switch
            {
                PackedResidual residual => RunResidual(residual, hidden, worker),
                PackedAttention attention => RunAttention(attention, hidden, worker),
                PackedDoubling doubling => RunDoubling(doubling, hidden, worker),
                _ => throw new InvalidOperationException($"There is no way through a {_weights.Blocks[block].GetType().Name}."),
            };
            if (_cancellation.StopsAfter(block))
            {
                return;
            }
        }

        Finish(hidden, worker);
    }

    public void Dispose()
    {
        _weights.Dispose();
        _maps.Dispose();
        _statistics.Dispose();
        _attention.Dispose();
        _codewords.Dispose();
        _scratch.Dispose();
    }

    /// <summary>Codewords to the first hidden features.</summary>
    private Map Begin(PoolWorker worker)
    {
        var (height, width) = (_parts.GridHeight, _parts.GridWidth);
        var codewords = new FeatureMap
        {
            Start = _codewords.Floats,
            ImageStride = (long)Positions * _weights.AfterQuantizer.InputStride,
            Height = height,
            Width = width,
            Stride = _weights.AfterQuantizer.InputStride,
        };
        var latents = _maps.Plain(1, height, width, _weights.AfterQuantizer.OutputStride);
        Convolve(_weights.AfterQuantizer, codewords, latents, worker);
        var hidden = new Map(0, _maps.Plain(0, height, width, _weights.Input.OutputStride));
        Convolve(_weights.Input, Prepare(null, Activation.None, latents, border: 1, worker), hidden.Features, worker, takesStatistics: true);
        return hidden;
    }

    private Map RunResidual(PackedResidual block, Map hidden, PoolWorker worker)
    {
        var (height, width) = (hidden.Features.Height, hidden.Features.Width);
        var first = Prepare(block.Norm1, Activation.NormalizedSilu, hidden.Features, border: 1, worker);
        var inner = _maps.Plain(hidden.Other(1), height, width, block.Convolution1.OutputStride);
        Convolve(block.Convolution1, first, inner, worker, takesStatistics: true);

        var carried = hidden with { Features = _maps.Plain(hidden.Buffer, height, width, hidden.Features.Stride) };
        if (block.Shortcut is not null)
        {
            carried = new Map(hidden.Other(2), _maps.Plain(hidden.Other(2), height, width, block.Shortcut.OutputStride));
            Convolve(block.Shortcut, hidden.Features, carried.Features, worker);
        }

        var second = Prepare(block.Norm2, Activation.NormalizedSilu, inner, border: 1, worker);
        Convolve(block.Convolution2, second, carried.Features, worker, adds: true, takesStatistics: true);
        return carried;
    }

    private Map RunAttention(PackedAttention block, Map hidden, PoolWorker worker)
    {
        var normalized = Prepare(block.Norm, Activation.Normalized, hidden.Features, border: 0, worker);
        var queries = _maps.Plain(hidden.Other(1), normalized.Height, normalized.Width, normalized.Stride);
        _attention.Project(block.QueryKeyValue, normalized, queries, _images, worker);
        worker.WaitAtBarrier();
        _attention.Attend(queries, normalized, _images, worker); // nobody needs the normalised features any more
        worker.WaitAtBarrier();
        Convolve(block.Output, normalized, hidden.Features, worker, adds: true, takesStatistics: true);
        return hidden;
    }

    private Map RunDoubling(PackedDoubling block, Map hidden, PoolWorker worker)
    {
        var small = Prepare(null, Activation.None, hidden.Features, border: 1, worker);
        var doubled = _maps.Plain(hidden.Other(1), 2 * small.Height, 2 * small.Width, block.Convolution.OutputStride, phases: 4);
        Convolve(block.Convolution, small, doubled, worker, takesStatistics: true);
        return new Map(hidden.Other(1), doubled);
    }

    private void Finish(Map hidden, PoolWorker worker)
    {
        var last = Prepare(_weights.OutputNorm, Activation.NormalizedSilu, hidden.Features, border: 1, worker);
        var folded = _maps.Plain(hidden.Other(1), last.Height, last.Width, _weights.Output.OutputStride);
        Convolve(_weights.Output, last, folded, worker);
        var items = worker.Schedule(_images * folded.Height);
        while (items.TryTake(out var item))
        {
            var (image, line) = Math.DivRem(item, folded.Height);
            Unfold(folded, image, line);
        }
    }

    /// <summary>Channels [3, p, p] of a line into blocks of pixels.</summary>
    private void Unfold(FeatureMap folded, int image, int line)
    {
        var side = _parts.Config.PatchSize;
        var width = folded.Width * side;
        var target = _pixels + (((image * (long)folded.Height) + line) * side * width * VqTokenizer.PixelChannels);
        for (var column = 0; column < folded.Width; column++)
        {
            var channels = folded.Pixel(image, line, column);
            for (var colour = 0; colour < VqTokenizer.PixelChannels; colour++)
            {
                for (var place = 0; place < side * side; place++)
                {
                    var (y, x) = Math.DivRem(place, side);
                    target[((((y * width) + (column * side)) + x) * VqTokenizer.PixelChannels) + colour] = *channels++;
                }
            }
        }
    }

    /// <summary>Writes what the next convolution reads.</summary>
    private FeatureMap Prepare(PackedNorm? norm, Activation activation, FeatureMap input, int border, PoolWorker worker)
    {
        var output = _maps.Padded(input.Height, input.Width, input.Stride, border);
        var scratch = _scratch.Floats + (worker.Index * _scratchFloats);
        NormalizationStep<TVector, TSimd>.Run(norm, activation, input, output, _statistics, _images, worker, scratch);
        worker.WaitAtBarrier();
        return output;
    }

    private void Convolve(PackedConvolution weights, FeatureMap input, FeatureMap output, PoolWorker worker, bool adds = false, bool takesStatistics = false)
    {
        ConvolutionStep<TVector, TSimd>.Run(weights, input, output, adds, takesStatistics ? _statistics : null, _images, worker);
        worker.WaitAtBarrier();
    }

    /// <summary>A map and the buffer it lies in.</summary>
    private readonly record struct Map(int Buffer, FeatureMap Features)
    {
        /// <summary>The next buffers, in a circle.</summary>
        public int Other(int step) => (Buffer + step) % 3;
    }
}

/// <summary>What a decoder is made of.</summary>
internal sealed record VqDecodeParts(
    TokenizerConfig Config, WeightSource Weights, int GridHeight, int GridWidth, ComputeThreadPool Pool, int Capacity);
