using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Floats = System.Runtime.Intrinsics.Vector128<float>;

namespace CtfService.Model.Cpu.Vectors;

/// <summary>4 floats: NEON, or SSE if the processor has nothing wider.</summary>
internal readonly unsafe struct Simd128 : ISimd<Floats>
{
    public static int Lanes => Floats.Count;

    public static bool Has32Registers => AdvSimd.Arm64.IsSupported || Avx512F.VL.IsSupported;

    public static Floats Load(float* source) => Vector128.Load(source);

    public static Floats LoadBFloat16(ushort* source) => (Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16()) << 16).AsSingle();

    public static Floats LoadEvenBFloat16(ushort* pairs) => (Vector128.Load((uint*)pairs) << 16).AsSingle();

    public static Floats LoadOddBFloat16(ushort* pairs) => (Vector128.Load((uint*)pairs) & Vector128.Create(0xFFFF0000)).AsSingle();

    public static Floats LoadInt8(sbyte* source) =>
        Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte())));

    public static void Store(Floats value, float* target) => value.Store(target);

    public static Floats Broadcast(float value) => Vector128.Create(value);

    public static Floats MultiplyAdd(Floats a, Floats b, Floats c) =>
        EmulatedFma.IsNeeded ? EmulatedFma.MultiplyAdd(a, b, c) : Vector128.MultiplyAddEstimate(a, b, c);

    public static Floats Add(Floats a, Floats b) => a + b;

    public static Floats Subtract(Floats a, Floats b) => a - b;

    public static Floats Multiply(Floats a, Floats b) => a * b;

    public static Floats Divide(Floats a, Floats b) => a / b;

    public static Floats Max(Floats a, Floats b) => Vector128.MaxNative(a, b);

    public static Floats Min(Floats a, Floats b) => Vector128.MinNative(a, b);

    public static Floats Round(Floats value) => Vector128.Round(value);

    public static Floats PowerOfTwo(Floats n) => ((Vector128.ConvertToInt32Native(n) + Vector128.Create(127)) << 23).AsSingle();

    public static Floats SwapPairs(Floats value) => Vector128.Shuffle(value, Vector128.Create(1, 0, 3, 2));

    public static float Sum(Floats value)
    {
        var pairs = value + SwapPairs(value);
        return pairs[0] + pairs[2];
    }

    public static void Prefetch(byte* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address); // into the second-level cache: in the first, the next weights would evict a tile's inputs
        }
    }
}
