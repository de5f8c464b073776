using CtfService.Core.Models;

namespace CtfService.Model.Bundles;

/// <summary>
/// What the warm-up image of a bundle is in each element type of our CPU engine, which gives the same bits on every machine. Determines no image, so it is not
/// part of the bundle's hash.
/// </summary>
public sealed record BundleExpectation
{
    /// <summary>Name and version of the program that recorded it. Other versions may draw other images.</summary>
    public required string Software { get; init; }

    /// <summary>Hash of the bundle that it was recorded of.</summary>
    public required string Bundle { get; init; }

    public required IReadOnlyList<RecordedImage> Images { get; init; }

    /// <summary>Returns what the warm-up image of a loaded model must be; null if it was not recorded for this version, bundle and arithmetic.</summary>
    public ExpectedImage? For(ModelDescription model) => Software == ImageProvenance.ThisSoftware && Bundle == model.BundleHash
        ? Images.FirstOrDefault(image => image.Dtype == model.Dtype && image.Arithmetic == model.Arithmetic)?.Image
        : null;

    /// <summary>Returns one clause for each value that is not as expected; empty if there is none.</summary>
    internal IEnumerable<string> Problems()
    {
        var hashes = Images.SelectMany(image => new[] { image.Image.Labels, image.Image.Tokens, image.Image.Pixels });
        if (hashes.Append(Bundle).FirstOrDefault(hash => !IsHash(hash)) is { } wrong)
        {
            yield return $"expected has '{wrong}' instead of a SHA-256 in lower-case hex";
        }

        foreach (var twice in Images.CountBy(image => (image.Dtype, image.Arithmetic)).Where(count => count.Value > 1))
        {
            yield return $"expected.images has '{twice.Key.Dtype}' with '{twice.Key.Arithmetic}' twice";
        }
    }

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}

/// <summary>The warm-up image in one arithmetic.</summary>
/// <param name="Dtype">As in <see cref="ModelDescription.Dtype"/>.</param>
/// <param name="Arithmetic">As in <see cref="ModelDescription.Arithmetic"/>.</param>
public sealed record RecordedImage(string Dtype, string Arithmetic, ExpectedImage Image);
