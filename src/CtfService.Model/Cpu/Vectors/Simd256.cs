using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Floats = System.Runtime.Intrinsics.Vector256<float>;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>8 floats: AVX2.</summary>
internal readonly unsafe struct Simd256 : ISimd<Floats>
{
    public static int Lanes => Floats.Count;

    public static bool Has32Registers => Avx512F.VL.IsSupported;

    public static Floats Load(float* source) => Vector256.Load(source);

    public static Floats LoadBFloat16(ushort* source) => (Avx2.ConvertToVector256Int32(source) << 16).AsSingle();

    public static Floats LoadEvenBFloat16(ushort* pairs) => (Vector256.Load((uint*)pairs) << 16).AsSingle();

    public static Floats LoadOddBFloat16(ushort* pairs) => (Vector256.Load((uint*)pairs) & Vector256.Create(0xFFFF0000)).AsSingle();

    public static Floats LoadInt8(sbyte* source) => Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source));

    public static void Store(Floats value, float* target) => value.Store(target);

    public static Floats Broadcast(float value) => Vector256.Create(value);

    public static Floats MultiplyAdd(Floats a, Floats b, Floats c) => Vector256.MultiplyAddEstimate(a, b, c);

    public static Floats Add(Floats a, Floats b) => a + b;

    public static Floats Subtract(Floats a, Floats b) => a - b;

    public static Floats Multiply(Floats a, Floats b) => a * b;

    public static Floats Divide(Floats a, Floats b) => a / b;

    public static Floats Max(Floats a, Floats b) => Vector256.MaxNative(a, b);

    public static Floats Min(Floats a, Floats b) => Vector256.MinNative(a, b);

    public static Floats Round(Floats value) => Vector256.Round(value);

    public static Floats PowerOfTwo(Floats n) => ((Vector256.ConvertToInt32Native(n) + Vector256.Create(127)) << 23).AsSingle();

    public static Floats SwapPairs(Floats value) => Vector256.Shuffle(value, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6));

    public static float Sum(Floats value) => Simd128.Sum(value.GetLower()) + Simd128.Sum(value.GetUpper());

    public static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address); // into the second-level cache: in the first, the next weights would evict a tile's inputs
        }
    }
}
