using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.EngineBenchmarks;

/// <summary>The measured limits of the machine for a pool of threads: no step reads its weights or multiplies faster than this.</summary>
/// <param name="ReadBytesPerSecond">Bytes read from a memory range far larger than the caches, in a few streams at once.</param>
/// <param name="FloatOperationsPerSecond">float32 multiply-adds on registers alone, two operations each.</param>
internal sealed record MachineLimits(double ReadBytesPerSecond, double FloatOperationsPerSecond)
{
    /// <summary>Returns the better of both measurements: other programs can hide a limit, but nothing exceeds it.</summary>
    public static MachineLimits Best(MachineLimits a, MachineLimits b) => new(
        Math.Max(a.ReadBytesPerSecond, b.ReadBytesPerSecond),
        Math.Max(a.FloatOperationsPerSecond, b.FloatOperationsPerSecond));
}

/// <summary>Measures <see cref="MachineLimits"/>; owns the memory it reads.</summary>
internal sealed class MachineLimitMeter : IDisposable
{
    private const long Bytes = 512 << 20;

    private readonly NativeBuffer _memory = new(Bytes);
    private readonly ComputeThreadPool _pool;
    private readonly VectorWidth _width;

    /// <param name="width">Vector width; null for the widest of the machine.</param>
    public MachineLimitMeter(ComputeThreadPool pool, VectorWidth? width = null)
    {
        _pool = pool;
        _width = width ?? VectorWidths.Widest;
    }

    /// <summary>Takes about a tenth of a second.</summary>
    public MachineLimits Measure() => _width switch
    {
        VectorWidth.Bits512 => Measure<Vector512<float>, Simd512>(),
        VectorWidth.Bits256 => Measure<Vector256<float>, Simd256>(),
        _ => Measure<Vector128<float>, Simd128>(),
    };

    public void Dispose() => _memory.Dispose();

    private MachineLimits Measure<TVector, TSimd>()
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        var read = new ReadWork<TVector, TSimd>(_memory, _pool.Threads);
        var multiply = new MultiplyWork<TVector, TSimd>();
        return new MachineLimits(
            Bytes / Best(read).TotalSeconds,
            (double)_pool.Threads * MultiplyWork<TVector, TSimd>.Operations / Best(multiply).TotalSeconds);
    }

    private TimeSpan Best(IParallelRegion work)
    {
        var best = TimeSpan.MaxValue;
        for (var run = 0; run < 4; run++)
        {
            var start = Stopwatch.GetTimestamp();
            _pool.Run(work);
            var elapsed = Stopwatch.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
        }

        return best;
    }

    private sealed unsafe class ReadWork<TVector, TSimd>(NativeBuffer memory, int threads) : IParallelRegion
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        private const int Streams = 4; // per thread: several streams keep more memory requests in flight than one

        private float _sum; // keeps the compiler from removing the reads

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int thread)
        {
            var quarter = memory.Length / sizeof(float) / threads / Streams / TSimd.Lanes * TSimd.Lanes;
            var source = memory.Floats + (thread * Streams * quarter);
            TVector a = default, b = default, c = default, d = default;
            for (var i = 0L; i < quarter; i += TSimd.Lanes)
            {
                a = TSimd.Add(a, TSimd.Load(source + i));
                b = TSimd.Add(b, TSimd.Load(source + quarter + i));
                c = TSimd.Add(c, TSimd.Load(source + (2 * quarter) + i));
                d = TSimd.Add(d, TSimd.Load(source + (3 * quarter) + i));
            }

            _sum += TSimd.Sum(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)));
        }
    }

    private sealed class MultiplyWork<TVector, TSimd> : IParallelRegion
        where TVector : struct
        where TSimd : struct, ISimd<TVector>
    {
        private const int Repeats = 500_000;
        private const int Sums = 12; // more than the latency times the throughput of the multiply-add units

        private float _sum;

        /// <summary>Operations of one thread.</summary>
        public static double Operations => 2.0 * Repeats * Sums * TSimd.Lanes;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int thread)
        {
            TVector x = TSimd.Broadcast(1.0001f), y = TSimd.Broadcast(0.9999f);
            TVector a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                a = TSimd.MultiplyAdd(x, y, a);
                b = TSimd.MultiplyAdd(x, y, b);
                c = TSimd.MultiplyAdd(x, y, c);
                d = TSimd.MultiplyAdd(x, y, d);
                e = TSimd.MultiplyAdd(x, y, e);
                f = TSimd.MultiplyAdd(x, y, f);
                g = TSimd.MultiplyAdd(x, y, g);
                h = TSimd.MultiplyAdd(x, y, h);
                i = TSimd.MultiplyAdd(x, y, i);
                j = TSimd.MultiplyAdd(x, y, j);
                k = TSimd.MultiplyAdd(x, y, k);
                l = TSimd.MultiplyAdd(x, y, l);
            }

            var sum = TSimd.Add(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), TSimd.Add(TSimd.Add(e, f), TSimd.Add(g, h)));
            _sum += TSimd.Sum(TSimd.Add(sum, TSimd.Add(TSimd.Add(i, j), TSimd.Add(k, l))));
        }
    }
}
