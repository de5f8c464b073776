using System.Globalization;

namespace CtfService.Model.Bundles;

/// <summary>
/// Which weight formats the service may choose by itself: float32 always, and each format whose images are as good as float32's within the spread of seeds.
/// That is, over at least <see cref="LeastSeeds"/> seeds the mean FID is at most <see cref="Spreads"/> times float32's own spread above float32's, and the
/// mean class accuracy at most as many spreads below. The spread is the sample standard deviation over the seeds; a format's own spread does not count,
/// because it would excuse an erratic format.
/// </summary>
public static class FormatRule
{
    /// <summary>With fewer seeds the spread says nothing.</summary>
    public const int LeastSeeds = 3;

    /// <summary>How many spreads count as equal.</summary>
    public const double Spreads = 2;

    /// <summary>The format that the others are compared with.</summary>
    public const string Reference = "float32";

    /// <summary>The formats that are compared, fewest bits last: those of the CPU engine.</summary>
    public static IReadOnlyList<string> Formats { get; } = [Reference, "bfloat16", "int8"];

    /// <summary>Returns the formats that the bundle allows; float32 is always the first.</summary>
    public static IReadOnlyList<string> Allowed(BundleManifest manifest) => [.. Formats.Where(format => Obstacle(manifest, format) is null)];

    /// <summary>Returns why the format is not allowed, as a clause; null if it is allowed.</summary>
    public static string? Obstacle(BundleManifest manifest, string format) =>
        format == Reference ? null
        : manifest.Evaluation is not { } evaluation ? "the bundle records no evaluation of formats"
        : !evaluation.AppliesTo(manifest) ? "the bundle's evaluation is of other weights or other sampling defaults"
        : Obstacle(evaluation, format);

    /// <inheritdoc cref="Obstacle(BundleManifest, string)"/>
    public static string? Obstacle(BundleEvaluation evaluation, string format)
    {
        if (format == Reference)
        {
            return null;
        }

        if (evaluation.Seeds.Count < LeastSeeds)
        {
            return $"the evaluation has {evaluation.Seeds.Count} seed(s), fewer than {LeastSeeds}";
        }

        if (evaluation.Of(Reference) is not { FidSpread: { } fidSpread, ClassAccuracySpread: { } accuracySpread } reference)
        {
            return $"the evaluation has no figures of {Reference} with their spread";
        }

        if (evaluation.Of(format) is not { } figures)
        {
            return $"the evaluation has no figures of {format}";
        }

        var (most, least) = (reference.Fid + (Spreads * fidSpread), reference.ClassAccuracy - (Spreads * accuracySpread));
        return !(figures.Fid <= most) ? Invariant($"its FID of {figures.Fid:0.0000} is not within {most:0.0000}, {Spreads} spreads of {Reference}'s")
            : !(figures.ClassAccuracy >= least)
                ? Invariant($"its class accuracy of {figures.ClassAccuracy:0.00 %} is not within {least:0.00 %}, {Spreads} spreads of {Reference}'s")
            : null;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
