using System.Collections.Concurrent;
using TorchSharp;

namespace CtfService.Model.Layers;

/// <summary>
/// Numbers as operands of libtorch, kept for the life of the process; use it for constants. TorchSharp converts a number in place to an object that the garbage
/// collector may free while libtorch still reads it, so that once in many millions of calls the number is wrong or the call fails.
/// </summary>
internal static class Scalars
{
    private static readonly ConcurrentDictionary<float, Scalar> Floats = new();
    private static readonly ConcurrentDictionary<long, Scalar> Integers = new();

    public static Scalar Of(float value) => Floats.GetOrAdd(value, number => number.ToScalar());

    public static Scalar Of(long value) => Integers.GetOrAdd(value, number => number.ToScalar());
}
