using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CtfService.Core.Generation;

namespace CtfService.Core.Models;

/// <summary>
/// What a model's warm-up image must be, so that a broken processor, library or kernel is found before the first request: SHA-256 in lower-case hex of what
/// each stage computed.
/// </summary>
/// <param name="Labels">Of the coarse labels: 4 bytes each, little-endian, raster order.</param>
/// <param name="Tokens">Of the tokens, in the same form.</param>
/// <param name="Pixels">Of the R, G and B bytes, raster order.</param>
public sealed record ExpectedImage(string Labels, string Tokens, string Pixels)
{
    /// <summary>Returns the specification of the warm-up image: class 0, seed 0, the model's default sampling.</summary>
    public static ImageSpecification SpecificationOf(ModelDescription model) => new(ClassId: 0, Seed: 0, model.DefaultCoarse, model.DefaultFine);

    /// <summary>Returns what the image is.</summary>
    public static ExpectedImage Of(GeneratedImage image) => new(HashOf(image.CoarseLabels), HashOf(image.Tokens), HashOf(image.Image.Pixels));

    /// <summary>Returns what the first stage that computed something else computes, such as <c>coarse labels</c>; null if the image is as expected.</summary>
    public string? FirstDifference(GeneratedImage image)
    {
        var found = Of(image);
        return found.Labels != Labels ? "coarse labels (coarse stage)"
            : found.Tokens != Tokens ? "tokens (fine stage)"
            : found.Pixels != Pixels ? "pixels (VQ decode)"
            : null;
    }

    private static string HashOf(IReadOnlyList<int> values) => HashOf(MemoryMarshal.AsBytes<int>([.. values]));

    private static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
