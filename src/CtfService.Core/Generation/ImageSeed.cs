namespace CtfService.Core.Generation;

/// <summary>Derives the seed of each image of a request, so that any of them can be asked for again alone.</summary>
public static class ImageSeed
{
    /// <summary>
    /// Seed of image <paramref name="index"/> of a request. The first image keeps the request's seed, so a request for one image
    /// with a returned seed repeats that image.
    /// </summary>
    public static ulong Derive(ulong requestSeed, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return index == 0 ? requestSeed : Mix(requestSeed + ((ulong)index * 0x9E3779B97F4A7C15));
    }

    /// <summary>Finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", fig. 15, variant 13 of Stafford).</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
