using CtfService.Model.Bundles;

namespace CtfService.Model.Tests.Bundles;

/// <summary>A valid manifest with an evaluation of its formats for tests to change.</summary>
internal static class RecordedManifest
{
    /// <param name="formats">The figures of each format, with a spread of 0.1; all equal if omitted.</param>
    public static BundleManifest Create(params (string Dtype, double Fid, double Accuracy)[] formats)
    {
        var manifest = TinyManifest.Create();
        return Of(manifest with { Files = [.. BundleFiles.Of(manifest).Select(name => new BundleFile(name, new string('a', 64), 1))] }, formats);
    }

    /// <summary>Adds an evaluation that applies to the manifest.</summary>
    public static BundleManifest Of(BundleManifest manifest, params (string Dtype, double Fid, double Accuracy)[] formats) => manifest with
    {
        Evaluation = new BundleEvaluation
        {
            Software = "CtfService 0.0.0",
            Weights = BundleEvaluation.WeightsOf(manifest.Files),
            Sampler = "inverse_cdf",
            Coarse = manifest.Sampling.Coarse,
            Fine = manifest.Sampling.Fine,
            Seeds = [0, 1, 2],
            ImagesPerClass = 100,
            TrainImages = 1_000,
            ExtractorHash = new string('b', 64),
            Formats = [.. (formats.Length > 0 ? formats : [.. FormatRule.Formats.Select(dtype => (dtype, 0.5, 0.9))])
                .Select(format => new FormatFigures(format.Item1, format.Item2, 0.1, format.Item3, 0.1))],
        },
    };
}
