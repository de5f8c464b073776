using System.Globalization;
using System.Text;
using CtfService.Core.Generation;

namespace CtfService.Training.Evaluation;

/// <summary>Renders an evaluation as one self-contained HTML file with figures, plots and pictures.</summary>
public static class EvaluationPage
{
    public static string Of(EvaluationResult result, EvaluationInputs inputs)
    {
        var page = new StringBuilder();
        var report = result.Report;
        var title = report.Model?.Name ?? "Images";
        page.AppendLine(Html.Head($"{title}, evaluated"));
        page.AppendLine(Introduction(report));
        foreach (var features in report.Features)
        {
            page.AppendLine(FigureTables.OfFeatures(features));
        }

        page.AppendLine(FigureTables.OfModel(report));
        page.AppendLine(Plots(result));
        page.AppendLine(Missing(report));
        page.AppendLine(Classes(report, result));
        page.AppendLine(PagePictures.Reconstructions(result));
        page.AppendLine(inputs.Train is { } train ? PagePictures.Neighbours(result, train) : "");
        page.AppendLine("</body>\n</html>");
        return page.ToString();
    }

    private static string Introduction(EvaluationReport report)
    {
        var data = string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {Images(report.Images, "generated images")} of {report.Data.Classes:#,0} classes, {Size(report.Data)}compared with
            {Images(report.Data.TrainImages, "training images")} and {report.Data.TestImages ?? 0:#,0} test images. All classes have equal weight.
            """);
        var model = report.Model is { } evaluated
            ? $"<p>Bundle <code>{evaluated.BundleHash[..16]}</code>, {Html.Text($"{evaluated.Device}, {evaluated.Dtype}")}, seed {evaluated.Seed}; "
                + $"coarse stage {Sampling(evaluated.Coarse)}; {(evaluated.Fine is { } fine ? $"fine stage {Sampling(fine)}" : "no fine stage")}. "
                + $"{Html.Text(report.Software)}.</p>"
            : $"<p>{Html.Text(report.Software)}.</p>";
        return $"<p>{data}</p>\n{model}";
    }

    private static string Images(int? count, string title) =>
        count is { } images ? string.Create(CultureInfo.InvariantCulture, $"{images:#,0} {title}") : $"statistics of {title}";

    private static string Size(EvaluatedData data) => data.ImageWidth is null ? "" : $"{data.ImageWidth}×{data.ImageHeight} pixels, ";

    private static string Sampling(SamplingSettings settings)
    {
        static string Unless(bool isOff, float value) => isOff ? "off" : value.ToString("0.###", CultureInfo.InvariantCulture);
        return $"temperature {Unless(false, settings.Temperature)}, top-k {Unless(settings.TopK == 0, settings.TopK)}, "
            + $"top-p {Unless(settings.TopP >= 1, settings.TopP)}, guidance {Unless(!settings.IsGuided, settings.GuidanceScale)}";
    }

    private static string Plots(EvaluationResult result)
    {
        var plots = new List<string>();
        plots.AddRange(result.Report.Features.Where(features => features.BySize.Count(point => point.Generated > 0) > 1).Select(PagePlots.FidBySize));
        if (result.Report.PixelNeighbours is not null)
        {
            plots.Add(PagePlots.NeighbourDistances(result));
        }

        if (result.Tokens is { } tokens)
        {
            plots.Add(PagePlots.TokenRanks(tokens));
        }

        return $"<div class=\"plots\">\n{string.Join('\n', plots)}\n</div>";
    }

    private static string Missing(EvaluationReport report) => report.Missing.Count == 0
        ? ""
        : $"<p class=\"note\">Missing: {Html.Text(string.Join("; ", report.Missing.Select(figure => $"{figure.Figure} ({figure.Reason})")))}.</p>";

    private static string Classes(EvaluationReport report, EvaluationResult result)
    {
        if (result.Generated is null)
        {
            return "";
        }

        var accuracy = report.ClassAccuracy is { } classes ? FigureTables.Confusions(classes) : "";
        return $"<h2>Samples</h2>\n{accuracy}{PagePictures.Samples(result.Generated, report.ClassAccuracy)}";
    }
}
