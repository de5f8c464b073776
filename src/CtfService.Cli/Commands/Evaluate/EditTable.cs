using System.Globalization;
using System.Text;
using CtfService.Training.Evaluation.Edits;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary>The report of <c>ctf evaluate-edits</c> as a table in Markdown.</summary>
internal static class EditTable
{
    public static string Of(EditReport report)
    {
        var text = new StringBuilder("| mask | part under the mask | class accuracy | FID | FID to the originals | seam | seam, 4 pixels |\n");
        text.Append("|---|---|---|---|---|---|---|\n");
        foreach (var mask in report.Masks)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{mask.Mask} ({mask.EditedShare:0%})");
            foreach (var row in mask.Rows)
            {
                var accuracy = row.ClassAccuracy?.ToString("0.0 %", CultureInfo.InvariantCulture) ?? "";
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {row.Method} | {accuracy} | {row.Fid:0.000} | {row.FidToOriginals:0.000} | {row.Seam:0.00} | {row.SeamBand:0.00} |\n");
            }
        }

        return text.ToString();
    }
}
