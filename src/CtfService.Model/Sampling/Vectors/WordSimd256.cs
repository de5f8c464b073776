using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Words = System.Runtime.Intrinsics.Vector256<ulong>;

namespace CtfService.Model.Sampling.Vectors;

/// <summary>4 counters: AVX2.</summary>
internal readonly unsafe struct WordSimd256 : IWordSimd<Words>
{
    public static int Lanes => Words.Count;

    public static Words Counters => Vector256.Create(0UL, 2, 1, 3);

    public static Words Broadcast(ulong value) => Vector256.Create(value);

    public static Words Add(Words a, Words b) => a + b;

    public static Words Xor(Words a, Words b) => a ^ b;

    public static Words Multiply(Words a, Words b) => Avx2.Multiply(a.AsUInt32(), b.AsUInt32());

    public static Words Upper(Words value) => value >> 32;

    public static Words Pair(Words a, Words b) => (a & Vector256.Create(0xFFFFFFFFUL)) | (b << 32);

    public static Words InterleaveLower(Words a, Words b) => Avx2.UnpackLow(a, b);

    public static Words InterleaveUpper(Words a, Words b) => Avx2.UnpackHigh(a, b);

    public static uint AtLeast(float* values, float limit) =>
        Vector256.GreaterThanOrEqual(Vector256.Load(values), Vector256.Create(limit)).ExtractMostSignificantBits();

    public static uint SumsAtLeast(float* values, Words words, float limit)
    {
        var bits = Vector256.ConvertToSingle((words.AsUInt32() >> 1).AsInt32()).AsInt32();
        var bounds = Vector256.Create(NoiseBound.Offset) - (Vector256.ConvertToSingle(bits) * NoiseBound.PerBit);
        return Vector256.GreaterThanOrEqual(Vector256.Load(values) + bounds, Vector256.Create(limit)).ExtractMostSignificantBits();
    }

    public static void Store(Words words, uint* target) => words.AsUInt32().Store(target);
}
