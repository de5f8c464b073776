using System.Numerics;
using static TorchSharp.torch;

namespace CtfService.Model.Loading;

/// <summary>
/// The number of threads with which libtorch decodes tokens to pixels, chosen so that the pixels are bit for bit the same on any number of cores.
/// </summary>
internal static class DecodeThreads
{
    /// <summary>With one thread, libtorch computes 1x1 convolutions by another method, which sums in another order.</summary>
    private const int Fewest = 2;

    /// <summary>
    /// With more threads, a single image is split into such small pieces that products are summed in another order. More gain nothing at our sizes.
    /// </summary>
    private const int Most = 8;

    /// <summary>
    /// Sets the number of threads for the calling thread and for threads that use libtorch later. It is a power of two: each thread's share of an elementwise
    /// operation is then a whole number of vectors, and no element is computed by the scalar code for remainders, whose exponential rounds differently.
    /// </summary>
    public static void Use() => set_num_threads(Count(Environment.ProcessorCount));

    internal static int Count(int processors) => Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)processors + 1) / 2, Fewest, Most);
}
