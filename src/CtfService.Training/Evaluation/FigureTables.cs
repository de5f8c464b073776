using System.Globalization;
using CtfService.Training.Classification;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>Renders the figures of a report as tables, each next to its reference.</summary>
internal static class FigureTables
{
    private const int MaxConfusions = 8;

    public static string OfFeatures(FeatureReport features)
    {
        var table = Html.Table(
        [
            ["", "images", "FID ↓", "sFID ↓", "Inception Score ↑", "precision ↑", "recall ↑", "class accuracy ↑"],
            Row("<strong>generated</strong>", features.Generated),
            .. features.Test is { } test ? new[] { Row("real test images", test) } : [],
            .. features.Reconstructions is { } restored ? new[] { Row("reconstructions of test images", restored) } : [],
            Row("two halves of the training images, same size as the generated set", features.HalvesOfSameSize),
            Row("two halves of all training images", features.Halves),
        ]);
        var reconstruction = features.ReconstructionFid is { } distance
            ? $"The FID between reconstructions and their test images (rFID) is {Number(distance)}: the loss that no choice of tokens can avoid."
            : "";
        var missing = features.Missing.Count == 0
            ? ""
            : "<p class=\"note\">Undefined figures: "
                + $"{Html.Text(string.Join("; ", features.Missing.Select(figure => $"{figure.Figure} ({figure.Reason})")))}.</p>";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <h2>Features: {Html.Text(features.Extractor)}</h2>
            {table}
            <p class="note">The FID is {Times(features.FidOverHalvesOfSameSize)} that of two halves of the training images of the same size and
            {Times(features.FidOverHalves)} that of two halves of all training images. The rows above the halves are compared with all training images.
            {reconstruction} Extractor <code>{features.ExtractorHash[..16]}</code>: compare only figures of the same extractor.</p>
            {missing}
            """);
    }

    public static string OfModel(EvaluationReport report)
    {
        var parts = new List<string> { "<h2>Copies, tokens, tokenizer, speed</h2>", Neighbours(report) };
        if (report.Tokens is { } tokens)
        {
            List<string[]> rows =
            [
                ["", "total", "used by generated images", "perplexity", "used by test images", "perplexity"],
                Use("codewords", tokens.GeneratedCodewords, tokens.TestCodewords),
            ];
            if (tokens is { GeneratedClusters: { } generated, TestClusters: { } test })
            {
                rows.Add(Use("clusters", generated, test));
            }

            parts.Add(Html.Table([.. rows]));
        }

        if (report.Tokenizer is { } tokenizer)
        {
            parts.Add(
                $"<p>Reconstructions of {Count(tokenizer.Images)} test images have PSNR {Number(tokenizer.Psnr)} dB and SSIM {Number(tokenizer.Ssim)}.</p>");
        }

        if (report.ImagesPerSecond is { } speed)
        {
            parts.Add($"<p>Sampling speed: {Number(speed)} images/s.</p>");
        }

        return string.Join('\n', parts);
    }

    public static string Confusions(ClassifierReport classes)
    {
        var confusions = classes.Confusions.Take(MaxConfusions).Select(confusion => $"{confusion.Actual} as {confusion.Predicted} ({confusion.Images})");
        var worst = string.Join(", ", confusions);
        return $"""
            <p>Class accuracy: {Percent(classes.Accuracy)} of the images are classified as requested.
            Most frequent confusions: {Html.Text(worst.Length > 0 ? worst : "none")}.</p>

            """;
    }

    private static string Neighbours(EvaluationReport report)
    {
        static string[] Row(string title, NeighbourFigures figures) =>
        [
            title,
            Number(figures.Generated.Smallest),
            Number(figures.Generated.Median),
            Number(figures.Unseen.Smallest),
            Number(figures.Unseen.FifthPercentile),
            Number(figures.Unseen.Median),
            $"<strong>{Percent(figures.CloserThanUnseen)}</strong>",
        ];
        return Html.Table(
            [
                [
                    "distance to the nearest training image", "generated: smallest", "median", "test images: smallest", "5th percentile", "median",
                    "generated closer than the 5th percentile",
                ],
                .. report.PixelNeighbours is { } pixels ? new[] { Row("pixels, grey levels", pixels) } : [],
                .. report.Features.Where(features => features.Neighbours is not null)
                    .Select(features => Row($"features: {Html.Text(features.Extractor)}", features.Neighbours!)),
            ]);
    }

    private static string[] Row(string title, SetFigures figures) =>
    [
        title,
        Count(figures.Images),
        Number(figures.Fid),
        Number(figures.Sfid),
        Number(figures.InceptionScore?.Mean) + (figures.InceptionScore is { Splits: > 1 } score ? $" ± {Number(score.Deviation)}" : ""),
        Number(figures.Precision), Number(figures.Recall), Percent(figures.ClassAccuracy),
    ];

    private static string[] Row(string title, HalfDistance halves) =>
        [title, $"{Count(halves.FirstImages)} and {Count(halves.SecondImages)}", Number(halves.Fid), Number(halves.Sfid), "", "", "", ""];

    private static string[] Use(string title, VocabularyUse generated, VocabularyUse test) =>
        [title, Count(generated.Vocabulary), Count(generated.Used), Count((int)generated.Perplexity), Count(test.Used), Count((int)test.Perplexity)];

    private static string Count(int? number) => number?.ToString("#,0", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Formats three significant digits, or all digits of the integer part.</summary>
    private static string Number(double? number) => number switch
    {
        null => "–",
        >= 100 => number.Value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => number.Value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 1 => number.Value.ToString("0.00", CultureInfo.InvariantCulture),
        >= 0.1 => number.Value.ToString("0.000", CultureInfo.InvariantCulture),
        _ => number.Value.ToString("0.0000", CultureInfo.InvariantCulture),
    };

    private static string Times(double? ratio) => ratio is { } times ? $"{times.ToString("0.0", CultureInfo.InvariantCulture)} times" : "not comparable with";

    private static string Percent(double? share) => share?.ToString("0.0%", CultureInfo.InvariantCulture) ?? "";
}
