using System.Globalization;
using CtfService.Training.Classification;
using CtfService.Training.Evaluation.Features;
using CtfService.Training.Evaluation.Statistics;

namespace CtfService.Training.Evaluation;

/// <summary>The figures of a report as tables, each beside what it is to be read against.</summary>
internal static class FigureTables
{
    private const int MostConfusions = 8;

    public static string OfFeatures(FeatureReport features)
    {
        var table = Html.Table(
        [
            ["", "images", "FID ↓", "sFID ↓", "Inception Score ↑", "precision ↑", "recall ↑", "class accuracy ↑"],
            Row("<strong>generated</strong>", features.Generated),
            Row("test images, real", features.Test),
            .. features.Reconstructions is { } restored ? new[] { Row("the tokenizer's reconstructions of test images", restored) } : [],
            Row("two halves of the training images, as many as generated", features.HalvesOfSameSize),
            Row("two halves of all training images", features.Halves),
        ]);
        var reconstruction = features.ReconstructionFid is { } distance
            ? $"Reconstructions are FID {Number(distance)} from the test images they are of (rFID): no choice of tokens undoes what the tokenizer loses."
            : "";
        var missing = features.Missing.Count == 0
            ? ""
            : "<p class=\"note\">Figures that do not exist: "
                + $"{Html.Text(string.Join("; ", features.Missing.Select(figure => $"{figure.Figure}, because {figure.Reason}")))}.</p>";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <h2>By the features of the {Html.Text(features.Extractor)}</h2>
            {table}
            <p class="note">FID is {Times(features.FidOverHalvesOfSameSize)} that of two halves of the training images of the same size, {Times(features.FidOverHalves)} that
            of halves of all of them. The rows above the halves are against all training images. {reconstruction}
            Extractor <code>{features.ExtractorHash[..16]}</code>: compare figures only where it is the same.</p>
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
                ["", "there are", "used by generated images", "perplexity", "used by test images", "perplexity"],
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
            parts.Add($"<p>The tokenizer gives {Count(tokenizer.Images)} test images back with PSNR {Number(tokenizer.Psnr)} dB and SSIM {Number(tokenizer.Ssim)}.</p>");
        }

        if (report.ImagesPerSecond is { } speed)
        {
            parts.Add($"<p>Drawn at {Number(speed)} images/s.</p>");
        }

        return string.Join('\n', parts);
    }

    public static string Confusions(ClassifierReport classes)
    {
        var worst = string.Join(", ", classes.Confusions.Take(MostConfusions).Select(confusion => $"{confusion.Actual} for {confusion.Predicted} ({confusion.Images})"));
        return $"""
            <p>The classifier names the class that was asked for in {Percent(classes.Accuracy)} of the images.
            Most often taken for another: {Html.Text(worst.Length > 0 ? worst : "none")}.</p>

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
                Row("pixels, grey levels", report.PixelNeighbours),
                .. report.Features.Where(features => features.Neighbours is not null)
                    .Select(features => Row($"features of the {Html.Text(features.Extractor)}", features.Neighbours!)),
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

    /// <summary>Three significant digits, more where they are whole.</summary>
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
