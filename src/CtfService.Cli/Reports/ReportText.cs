using System.Globalization;

namespace CtfService.Cli.Reports;

/// <summary>Writes the result of a command as lines of a title and a text.</summary>
internal static class ReportText
{
    public static void Line(TextWriter output, string title, string text) => output.WriteLine($"{title,-11} {text}");

    /// <summary>Writes several lines with the title before the first one only.</summary>
    public static void Lines(TextWriter output, string title, IReadOnlyList<string> lines)
    {
        foreach (var (line, index) in lines.Select((line, index) => (line, index)))
        {
            Line(output, index == 0 ? title : "", line);
        }
    }

    public static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => $"{Number(bytes)} bytes",
    };

    public static string Number<T>(T number)
        where T : IFormattable => number.ToString("#,0.##", CultureInfo.InvariantCulture);
}
