using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Cpu.VqDecoder;
using CtfService.Model.Tokenizer;

namespace CtfService.Model.Cpu;

/// <summary>VQ decode on the CPU's vector units in float32, without allocations. An image's pixels are bitwise identical alone and in any batch.</summary>
internal sealed unsafe class SimdVqDecoder : IVqDecoder
{
    private readonly IVqDecodePass _pass;
    private readonly VqDecodeCheck _check;

    /// <param name="weights">The tokenizer's weights. Read and packed in the constructor; not needed afterwards.</param>
    /// <param name="grid">The token grid.</param>
    /// <param name="pool">The threads to compute on. The caller keeps ownership.</param>
    /// <param name="capacity">The largest number of images to decode together. Larger batches are decoded in parts.</param>
    /// <param name="width">The vector width; null for the widest that the machine supports.</param>
    /// <exception cref="CtfService.Core.Models.CheckpointException">A weight is missing or has the wrong shape.</exception>
    public SimdVqDecoder(
        TokenizerConfig config, WeightSource weights, (int Height, int Width) grid, ComputeThreadPool pool, int capacity = 8, VectorWidth? width = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (Config, GridHeight, GridWidth) = (config, grid.Height, grid.Width);
        _check = new VqDecodeCheck(config, grid.Height, grid.Width);
        using var buffers = new NativeScope(); // frees the allocated buffers if the constructor of the pass throws
        _pass = SimdDispatch.CreateVqDecode(new VqDecodeParts(config, weights, grid.Height, grid.Width, pool, capacity), width);
        buffers.Keep();
    }

    public TokenizerConfig Config { get; }

    public int GridHeight { get; }

    public int GridWidth { get; }

    /// <summary>Gets the number of images that are decoded together.</summary>
    public int ImagesAtOnce => _pass.Capacity;

    /// <inheritdoc/>
    public void Decode(ReadOnlySpan<int> tokens, Span<float> pixels, CancellationToken cancellation = default)
    {
        var images = _check.RequireTokens(tokens, pixels);
        var width = Config.CodewordWidth;
        for (var first = 0; first < images; first += _pass.Capacity)
        {
            var count = Math.Min(_pass.Capacity, images - first);
            for (var cell = 0; cell < count * _check.Positions; cell++)
            {
                var token = tokens[(first * _check.Positions) + cell];
                _pass.Codewords.Slice(token * width, width).CopyTo(_pass.Codeword(cell));
            }

            Run(first, count, pixels, cancellation);
        }
    }

    /// <inheritdoc/>
    public void DecodeCodewords(ReadOnlySpan<float> codewords, Span<float> pixels)
    {
        var images = _check.RequireCodewords(codewords, pixels);
        var width = Config.CodewordWidth;
        for (var first = 0; first < images; first += _pass.Capacity)
        {
            var count = Math.Min(_pass.Capacity, images - first);
            for (var cell = 0; cell < count * _check.Positions; cell++)
            {
                codewords.Slice(((first * _check.Positions) + cell) * width, width).CopyTo(_pass.Codeword(cell));
            }

            Run(first, count, pixels);
        }
    }

    public void Dispose() => _pass.Dispose();

    private void Run(int first, int images, Span<float> pixels, CancellationToken cancellation = default)
    {
        fixed (float* target = pixels[(first * _check.PixelFloats)..])
        {
            _pass.Run(images, target, cancellation);
        }
    }
}
