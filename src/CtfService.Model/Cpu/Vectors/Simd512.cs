using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Floats = System.Runtime.Intrinsics.Vector512<float>;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>16 floats: AVX-512.</summary>
internal readonly unsafe struct Simd512 : ISimd<Floats>
{
    public static int Lanes => Floats.Count;

    public static bool Has32Registers => true;

    public static Floats Load(float* source) => Vector512.Load(source);

    public static Floats LoadBFloat16(ushort* source) => (Avx512F.ConvertToVector512Int32(Vector256.Load(source)) << 16).AsSingle();

    public static Floats LoadEvenBFloat16(ushort* pairs) => (Vector512.Load((uint*)pairs) << 16).AsSingle();

    public static Floats LoadOddBFloat16(ushort* pairs) => (Vector512.Load((uint*)pairs) & Vector512.Create(0xFFFF0000)).AsSingle();

    public static Floats LoadInt8(sbyte* source) => Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Vector128.Load(source)));

    public static void Store(Floats value, float* target) => value.Store(target);

    public static Floats Broadcast(float value) => Vector512.Create(value);

    public static Floats MultiplyAdd(Floats a, Floats b, Floats c) => Vector512.MultiplyAddEstimate(a, b, c);

    public static Floats Add(Floats a, Floats b) => a + b;

    public static Floats Subtract(Floats a, Floats b) => a - b;

    public static Floats Multiply(Floats a, Floats b) => a * b;

    public static Floats Divide(Floats a, Floats b) => a / b;

    public static Floats Max(Floats a, Floats b) => Vector512.MaxNative(a, b);

    public static Floats Min(Floats a, Floats b) => Vector512.MinNative(a, b);

    public static Floats Round(Floats value) => Vector512.Round(value);

    public static Floats PowerOfTwo(Floats n) => ((Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23).AsSingle();

    public static Floats SwapPairs(Floats value) => Vector512.Shuffle(value, Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));

    public static float Sum(Floats value) => Simd256.Sum(value.GetLower()) + Simd256.Sum(value.GetUpper());

    public static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address); // into the second-level cache: in the first, the next weights would evict a tile's inputs
        }
    }
}
