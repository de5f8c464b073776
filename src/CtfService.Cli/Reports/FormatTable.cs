using System.Globalization;
using System.Text;
using CtfService.Model.Bundles;

namespace CtfService.Cli.Reports;

/// <summary>The figures of a bundle's weight formats as a table in Markdown.</summary>
internal static class FormatTable
{
    public static string Of(BundleEvaluation evaluation)
    {
        var text = new StringBuilder("| format | class accuracy | FID | equal to float32 within the spread |\n|---|---|---|---|\n");
        foreach (var format in evaluation.Formats)
        {
            var verdict = FormatRule.Obstacle(evaluation, format.Dtype) is { } obstacle ? $"no: {obstacle}" : "yes";
            text.Append(CultureInfo.InvariantCulture, $"| {format.Dtype} | {Accuracy(format)} | {Fid(format)} | {verdict} |\n");
        }

        return text.ToString();
    }

    /// <summary>Formats the class accuracy with its spread, such as <c>98.34 ± 0.12 %</c>.</summary>
    public static string Accuracy(FormatFigures format) => string.Create(
        CultureInfo.InvariantCulture, $"{100 * format.ClassAccuracy:0.00}{(format.ClassAccuracySpread is { } spread ? $" ± {100 * spread:0.00}" : "")} %");

    /// <summary>Formats the FID with its spread, such as <c>0.1543 ± 0.0041</c>.</summary>
    public static string Fid(FormatFigures format) => string.Create(
        CultureInfo.InvariantCulture, $"{format.Fid:0.0000}{(format.FidSpread is { } spread ? $" ± {spread:0.0000}" : "")}");
}
