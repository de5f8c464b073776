using System.Runtime.Intrinsics;
using BenchmarkDotNet.Attributes;
using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using static TorchSharp.torch;

namespace CtfService.Benchmarks.Kernels;

/// <summary>
/// Compares <see cref="PackedMatMul{TVector, TSimd, TLayout}"/> with libtorch's <c>linear</c>, for w1 and w3 of one layer of GPT-B (768 to 4,096). Each run
/// takes the next of 16 such matrices, which together are larger than any cache, like the layers of a model. 257 rows are one image in the fine pass. Uses
/// the widest vectors of the machine.
/// </summary>
public unsafe class MatMulBenchmarks : IDisposable
{
    private const int Inputs = 768;
    private const int Outputs = 4096;
    private const int Layers = 16;

    private readonly List<IDisposable> _owned = [];
    private ComputeThreadPool _pool = null!;
    private Tensor[] _torchWeights = [];
    private Tensor _torchInput = null!;
    private Tensor[] _torchHalfWeights = [];
    private Tensor _torchHalfInput = null!;
    private IParallelRegion[] _float32 = [];
    private IParallelRegion[] _bfloat16 = [];
    private IParallelRegion[] _int8 = [];
    private int _next;

    [Params(1, 8, 32, 257)]
    public int Rows { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        set_num_threads(Environment.ProcessorCount);
        _pool = new ComputeThreadPool(adaptive: false);
        _torchInput = randn(Rows, Inputs);
        _torchWeights = [.. Enumerable.Range(0, Layers).Select(_ => randn(Outputs, Inputs))];
        _torchHalfInput = _torchInput.to(bfloat16);
        _torchHalfWeights = [.. _torchWeights.Select(weights => weights.to(bfloat16))];
        _float32 = Pack<Float32Layout>();
        _bfloat16 = Pack<BFloat16Layout>();
        _int8 = Pack<Int8Layout>();
        _owned.AddRange([_pool, _torchInput, .. _torchWeights, _torchHalfInput, .. _torchHalfWeights]);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _owned.Clear();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "libtorch float32")]
    public void Torch()
    {
        using var frozen = no_grad();
        using var product = nn.functional.linear(_torchInput, _torchWeights[Next()]);
    }

    [Benchmark(Description = "libtorch bfloat16")]
    public void TorchBFloat16()
    {
        using var frozen = no_grad();
        using var product = nn.functional.linear(_torchHalfInput, _torchHalfWeights[Next()]);
    }

    [Benchmark(Description = "float32")]
    public void WithFloat32() => _pool.Run(_float32[Next()]);

    [Benchmark(Description = "bfloat16")]
    public void WithBFloat16() => _pool.Run(_bfloat16[Next()]);

    [Benchmark(Description = "int8")]
    public void WithInt8() => _pool.Run(_int8[Next()]);

    private int Next() => _next = (_next + 1) % Layers;

    private IParallelRegion[] Pack<TLayout>()
        where TLayout : struct, IWeightLayout => VectorWidths.Widest switch
        {
            VectorWidth.Bits512 => Pack<TLayout, Vector512<float>, Simd512>(),
            VectorWidth.Bits256 => Pack<TLayout, Vector256<float>, Simd256>(),
            _ => Pack<TLayout, Vector128<float>, Simd128>(),
        };

    private IParallelRegion[] Pack<TLayout, TVector, TSimd>()
        where TLayout : struct, IWeightLayout
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var random = new Random(5);
        using var weights = NativeBuffer.OfFloats((long)Outputs * Inputs);
        for (var i = 0; i < Outputs * Inputs; i++)
        {
            weights.Floats[i] = random.NextSingle() - 0.5f;
        }

        return [.. Enumerable.Range(0, Layers).Select(_ =>
        {
            var matrix = PackedMatrix.Pack<TLayout>(Outputs, Inputs, TSimd.Lanes, output => weights.Floats + ((long)output * Inputs));
            var work = new MatMulWork<TLayout, TVector, TSimd>(matrix, Rows, Inputs, _pool);
            _owned.Add(matrix);
            _owned.Add(work);
            return work;
        })];
    }

    private sealed class MatMulWork<TLayout, TVector, TSimd> : IParallelRegion, IDisposable
        where TLayout : struct, IWeightLayout
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        private readonly PackedMatrix _matrix;
        private readonly ComputeThreadPool _pool;
        private readonly int _rows;
        private readonly int _inputs;
        private readonly NativeBuffer _input;
        private readonly NativeBuffer _output;

        public MatMulWork(PackedMatrix matrix, int rows, int inputs, ComputeThreadPool pool)
        {
            (_matrix, _rows, _inputs, _pool) = (matrix, rows, inputs, pool);
            _input = NativeBuffer.OfFloats((long)rows * inputs);
            _output = NativeBuffer.OfFloats((long)rows * matrix.Outputs);
        }

        public void Run(int thread) => PackedMatMul<TVector, TSimd, TLayout>.Multiply(
            _matrix, _input.Floats, _inputs, _rows, new ResidualEpilogue<TVector, TSimd>(_output.Floats, _matrix.Outputs), new PoolWorker(thread, _pool));

        public void Dispose()
        {
            _input.Dispose();
            _output.Dispose();
        }
    }
}
