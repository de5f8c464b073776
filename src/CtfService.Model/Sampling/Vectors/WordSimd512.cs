using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Words = System.Runtime.Intrinsics.Vector512<ulong>;

namespace CtfService.Model.Sampling.Vectors;

/// <summary>8 counters: AVX-512.</summary>
internal readonly unsafe struct WordSimd512 : IWordSimd<Words>
{
    public static int Lanes => Words.Count;

    public static Words Counters => Vector512.Create(0UL, 4, 1, 5, 2, 6, 3, 7);

    public static Words Broadcast(ulong value) => Vector512.Create(value);

    public static Words Add(Words a, Words b) => a + b;

    public static Words Xor(Words a, Words b) => a ^ b;

    public static Words Multiply(Words a, Words b) => Avx512F.Multiply(a.AsUInt32(), b.AsUInt32());

    public static Words Upper(Words value) => value >> 32;

    public static Words Pair(Words a, Words b) => (a & Vector512.Create(0xFFFFFFFFUL)) | (b << 32);

    public static Words InterleaveLower(Words a, Words b) => Avx512F.UnpackLow(a, b);

    public static Words InterleaveUpper(Words a, Words b) => Avx512F.UnpackHigh(a, b);

    public static uint AtLeast(float* values, float limit) =>
        (uint)Vector512.GreaterThanOrEqual(Vector512.Load(values), Vector512.Create(limit)).ExtractMostSignificantBits();

    public static uint SumsAtLeast(float* values, Words words, float limit)
    {
        var bits = Vector512.ConvertToSingle((words.AsUInt32() >> 1).AsInt32()).AsInt32();
        var bounds = Vector512.Create(NoiseBound.Offset) - (Vector512.ConvertToSingle(bits) * NoiseBound.PerBit);
        return (uint)Vector512.GreaterThanOrEqual(Vector512.Load(values) + bounds, Vector512.Create(limit)).ExtractMostSignificantBits();
    }

    public static void Store(Words words, uint* target) => words.AsUInt32().Store(target);
}
