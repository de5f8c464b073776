using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Words = System.Runtime.Intrinsics.Vector128<ulong>;

namespace CtfService.Model.Sampling.Vectors;

/// <summary>2 counters: SSE2 or NEON.</summary>
internal readonly unsafe struct WordSimd128 : IWordSimd<Words>
{
    public static int Lanes => Words.Count;

    public static Words Counters => Vector128.Create(0UL, 1);

    public static Words Broadcast(ulong value) => Vector128.Create(value);

    public static Words Add(Words a, Words b) => a + b;

    public static Words Xor(Words a, Words b) => a ^ b;

    public static Words Multiply(Words a, Words b) =>
        Sse2.IsSupported ? Sse2.Multiply(a.AsUInt32(), b.AsUInt32()) : (a & Vector128.Create(0xFFFFFFFFUL)) * (b & Vector128.Create(0xFFFFFFFFUL));

    public static Words Upper(Words value) => value >> 32;

    public static Words Pair(Words a, Words b) => (a & Vector128.Create(0xFFFFFFFFUL)) | (b << 32);

    public static Words InterleaveLower(Words a, Words b) => Vector128.Create(a.GetLower(), b.GetLower());

    public static Words InterleaveUpper(Words a, Words b) => Vector128.Create(a.GetUpper(), b.GetUpper());

    public static uint AtLeast(float* values, float limit) =>
        Vector128.GreaterThanOrEqual(Vector128.Load(values), Vector128.Create(limit)).ExtractMostSignificantBits();

    public static uint SumsAtLeast(float* values, Words words, float limit)
    {
        var bits = Vector128.ConvertToSingle((words.AsUInt32() >> 1).AsInt32()).AsInt32();
        var bounds = Vector128.Create(NoiseBound.Offset) - (Vector128.ConvertToSingle(bits) * NoiseBound.PerBit);
        return Vector128.GreaterThanOrEqual(Vector128.Load(values) + bounds, Vector128.Create(limit)).ExtractMostSignificantBits();
    }

    public static void Store(Words words, uint* target) => words.AsUInt32().Store(target);
}
