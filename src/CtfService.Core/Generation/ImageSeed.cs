namespace CtfService.Core.Generation;

/// <summary>Derives the seed of each image of a request, so that each image can be requested again on its own.</summary>
public static class ImageSeed
{
    /// <summary>Bits of a derived seed: JSON numbers are exact up to this size in JavaScript and in every client that reads them as doubles.</summary>
    public const int DerivedBits = 53;

    /// <summary>
    /// Returns the seed of image <paramref name="index"/> of a request. The first image keeps the seed of the request, so a request for one image with a
    /// returned seed repeats that image. Derived seeds fit a JavaScript number, so every client can send them back.
    /// </summary>
    public static ulong Derive(ulong requestSeed, long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return index == 0 ? requestSeed : Mix(requestSeed + ((ulong)index * 0x9E3779B97F4A7C15)) >> (64 - DerivedBits);
    }

    /// <summary>
    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", fig. 15, variant 13 of Stafford).
    /// </summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
