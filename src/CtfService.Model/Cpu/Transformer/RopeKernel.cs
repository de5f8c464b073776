using System.Runtime.CompilerServices;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Applies rotary position embeddings to the query and key of one head, and appends key and value to the cache.</summary>
internal static unsafe class RopeKernel<TVector, TSimd, TElement>
    where TVector : struct
    where TSimd : struct, ISimd<TVector>
    where TElement : struct, ICacheElement
{
    /// <summary>Replaces each interleaved pair (a, b) by (a cos - b sin, b cos + a sin) * <paramref name="scale"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* head, int headWidth, float* cosines, float* sines, float scale)
    {
        var i = 0;
        for (; i + TSimd.Lanes <= headWidth; i += TSimd.Lanes)
        {
            var x = TSimd.Load(head + i);
            var rotated = TSimd.MultiplyAdd(TSimd.SwapPairs(x), TSimd.Load(sines + i), TSimd.Multiply(x, TSimd.Load(cosines + i)));
            TSimd.Store(TSimd.Multiply(rotated, TSimd.Broadcast(scale)), head + i);
        }

        for (; i < headWidth; i += 2)
        {
            var (a, b) = (head[i], head[i + 1]);
            head[i] = MathF.FusedMultiplyAdd(b, sines[i], a * cosines[i]) * scale;
            head[i + 1] = MathF.FusedMultiplyAdd(a, sines[i + 1], b * cosines[i + 1]) * scale;
        }
    }

    /// <summary>Appends a rotated key [Dh] and a value [Dh] to the cache.</summary>
    /// <param name="keyStride">Bytes from one feature of the cached key to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Append(float* key, float* value, int headWidth, byte* keyTarget, long keyStride, byte* valueTarget)
    {
        for (var feature = 0; feature < headWidth; feature++)
        {
            TElement.Write(keyTarget, key[feature]);
            TElement.Write(valueTarget, value[feature]);
            keyTarget += keyStride;
            valueTarget += TElement.Bytes;
        }
    }
}

/// <summary>
/// The angles of <see cref="RopeTable"/>, laid out for vectors: with x = (a, b) and its swapped pair (b, a), the rotated pair is
/// x * (cos, cos) + swapped * (-sin, sin). Row 0 is the class position, whose angles are 0.
/// </summary>
internal sealed unsafe class InterleavedRopeTable : IDisposable
{
    private readonly NativeBuffer _cosines;
    private readonly NativeBuffer _sines;
    private readonly int _headWidth;

    public InterleavedRopeTable(TransformerConfig config)
    {
        using var scope = NewDisposeScope();
        using var table = new RopeTable(config, CPU);
        _headWidth = config.HeadWidth;
        var length = 1 + config.Positions;
        var slice = table.Slice(0, length);
        var cosines = slice.Cosine.contiguous().data<float>();
        var sines = slice.Sine.contiguous().data<float>();
        _cosines = NativeBuffer.OfFloats(length * _headWidth);
        _sines = NativeBuffer.OfFloats(length * _headWidth);
        for (var i = 0; i < length * _headWidth; i++)
        {
            _cosines.Floats[i] = cosines[i / 2];
            _sines.Floats[i] = i % 2 == 0 ? -sines[i / 2] : sines[i / 2];
        }
    }

    /// <summary>Returns the cosines of a position, [Dh]: each cosine twice.</summary>
    public float* Cosines(int position) => _cosines.Floats + (position * _headWidth);

    /// <summary>Returns the sines of a position, [Dh]: each sine twice, negated the first time.</summary>
    public float* Sines(int position) => _sines.Floats + (position * _headWidth);

    public void Dispose()
    {
        _cosines.Dispose();
        _sines.Dispose();
    }
}
