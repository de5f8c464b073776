using System.Numerics;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>On how many threads libtorch turns tokens into pixels, so that the pixels are the same bit for bit on every number of cores.</summary>
internal static class DecodeThreads
{
    /// <summary>With one thread libtorch takes another way through 1x1 convolutions, which sums in another order.</summary>
    private const int Fewest = 2;

    /// <summary>With more, a single image is cut into pieces so small that products are summed in another order; and more gain nothing at our sizes.</summary>
    private const int Most = 8;

    /// <summary>
    /// For the calling thread and those that use libtorch after it. A power of two: then each thread's share of an elementwise operation is a whole number of vectors,
    /// and no element is computed by the scalar code for remainders, whose exponential rounds differently.
    /// </summary>
    public static void Use() => set_num_threads(Count(Environment.ProcessorCount));

    internal static int Count(int processors) => Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)processors + 1) / 2, Fewest, Most);
}
