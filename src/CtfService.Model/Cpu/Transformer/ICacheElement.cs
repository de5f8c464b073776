using CtfService.Model.Cpu.MatMul;
using CtfService.Model.Cpu.Vectors;

namespace CtfService.Model.Cpu.Transformer;

/// <summary>Storage format of one element of the KV cache.</summary>
internal unsafe interface ICacheElement
{
    /// <summary>Gets the size of an element in bytes.</summary>
    static abstract int Bytes { get; }

    /// <summary>Rounds and stores a value.</summary>
    static abstract void Write(byte* target, float value);

    /// <summary>Loads a vector of elements and widens them to float32.</summary>
    static abstract TVector Load<TVector, TSimd>(byte* source)
        where TVector : struct
        where TSimd : struct, ISimd<TVector>;
}

internal readonly unsafe struct Float32Element : ICacheElement
{
    public static int Bytes => sizeof(float);

    public static void Write(byte* target, float value) => *(float*)target = value;

    public static TVector Load<TVector, TSimd>(byte* source)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.Load((float*)source);
}

internal readonly unsafe struct BFloat16Element : ICacheElement
{
    public static int Bytes => sizeof(ushort);

    public static void Write(byte* target, float value) => *(ushort*)target = BFloat16.FromSingle(value);

    public static TVector Load<TVector, TSimd>(byte* source)
        where TVector : struct
        where TSimd : struct, ISimd<TVector> => TSimd.LoadBFloat16((ushort*)source);
}
