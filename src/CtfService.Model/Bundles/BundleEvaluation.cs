using System.Security.Cryptography;
using System.Text;
using CtfService.Core.Generation;

namespace CtfService.Model.Bundles;

/// <summary>
/// How good the images of a bundle are in each weight format, as <c>ctf evaluate --dtype all --record</c> measured it. Decides which formats the service may
/// choose by itself (<see cref="FormatRule"/>). It determines no image, so it is not part of the bundle's hash.
/// </summary>
public sealed record BundleEvaluation
{
    /// <summary>Name and version of the program that measured.</summary>
    public required string Software { get; init; }

    /// <summary>What was measured: <see cref="WeightsOf"/> of the bundle's files.</summary>
    public required string Weights { get; init; }

    /// <summary>How labels were drawn, in snake_case, such as <c>gumbel_max</c>.</summary>
    public required string Sampler { get; init; }

    /// <summary>Sampling of the coarse labels.</summary>
    public required SamplingSettings Coarse { get; init; }

    /// <summary>Sampling of the fine labels.</summary>
    public required SamplingSettings Fine { get; init; }

    /// <summary>The seeds; each format generated a set of images for each of them.</summary>
    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>Number of images of each class in one set.</summary>
    public required int ImagesPerClass { get; init; }

    /// <summary>Number of real images that each set was compared with.</summary>
    public required int TrainImages { get; init; }

    /// <summary>Hash of the classifier, whose features FID is computed from. Figures of other classifiers are not comparable.</summary>
    public required string ExtractorHash { get; init; }

    public required IReadOnlyList<FormatFigures> Formats { get; init; }

    /// <summary>Returns the format's figures; null if it was not measured.</summary>
    public FormatFigures? Of(string dtype) => Formats.FirstOrDefault(format => format.Dtype == dtype);

    /// <summary>True if the bundle has the weights and the sampling defaults that were measured.</summary>
    public bool AppliesTo(BundleManifest manifest) =>
        Weights == WeightsOf(manifest.Files) && Coarse == manifest.Sampling.Coarse && Fine == manifest.Sampling.Fine;

    /// <summary>Returns a SHA-256, in lower-case hex, over the hashes of the weight files, without usual labels, which determine no image.</summary>
    public static string WeightsOf(IEnumerable<BundleFile> files)
    {
        var lines = files.Where(file => file.Name != BundleFiles.UsualLabels)
            .OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => $"{file.Name} {file.Sha256}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }

    /// <summary>Returns one clause for each value that is out of range; empty if all are in range.</summary>
    internal IEnumerable<string> Problems()
    {
        if (Seeds.Count == 0 || Seeds.Distinct().Count() != Seeds.Count)
        {
            yield return "evaluation.seeds is empty or has a seed twice";
        }

        foreach (var twice in Formats.CountBy(format => format.Dtype).Where(count => count.Value > 1))
        {
            yield return $"evaluation.formats has '{twice.Key}' twice";
        }

        foreach (var problem in Formats.SelectMany(format => format.Problems()))
        {
            yield return $"evaluation.formats: {problem}";
        }
    }
}

/// <summary>The figures of one format: means over the seeds, and their sample standard deviations.</summary>
/// <param name="Dtype">As in <c>Model:Dtype</c>, such as <c>int8</c>.</param>
/// <param name="Fid">0 or more; less is better.</param>
/// <param name="FidSpread">Null for a single seed.</param>
/// <param name="ClassAccuracy">0 to 1; more is better.</param>
/// <param name="ClassAccuracySpread">Null for a single seed.</param>
public sealed record FormatFigures(string Dtype, double Fid, double? FidSpread, double ClassAccuracy, double? ClassAccuracySpread)
{
    /// <summary>Computes the figures from those of each seed, at least one, in the order of the seeds.</summary>
    public static FormatFigures Of(string dtype, IReadOnlyList<double> fids, IReadOnlyList<double> accuracies) =>
        new(dtype, fids.Average(), Deviation(fids), accuracies.Average(), Deviation(accuracies));

    internal IEnumerable<string> Problems()
    {
        (string Name, double? Value, double Most)[] values =
        [
            ("fid", Fid, double.MaxValue),
            ("fid_spread", FidSpread, double.MaxValue),
            ("class_accuracy", ClassAccuracy, 1),
            ("class_accuracy_spread", ClassAccuracySpread, 1),
        ];
        return values.Where(value => value.Value is { } number && !(number >= 0 && number <= value.Most)).Select(value => FormattableString.Invariant(
            $"{value.Name} of '{Dtype}' is {value.Value}, expected {(value.Most == 1 ? "0 to 1" : "0 or more")}"));
    }

    private static double? Deviation(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return values.Count == 1 ? null : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
