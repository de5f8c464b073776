using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace CtfService.Trials.Reports;

/// <summary>What a trial measured and what it required; a table for people and JSON for programs.</summary>
internal sealed class TrialReport(string trial)
{
    /// <summary>Width of the table in a file, columns.</summary>
    private const int FileColumns = 180;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly List<ReportLine> _lines = [];

    public bool IsPassed => _lines.TrueForAll(line => line.Passed != false);

    /// <summary>Notes a measured value.</summary>
    public void Measure(string name, FormattableString value) => _lines.Add(new(name, Format(value), null, null));

    /// <summary>Notes a value that must meet a requirement.</summary>
    public void Require(string name, FormattableString value, FormattableString expected, bool isMet)
    {
        _lines.Add(new(name, Format(value), Format(expected), isMet));
        Progress($"{(isMet ? "held" : "DID NOT HOLD")}: {name}: {Format(value)}");
    }

    /// <summary>Writes a line of progress with the time.</summary>
    public static void Progress(FormattableString line) => Console.Error.WriteLine($"{TimeProvider.System.GetLocalNow():HH:mm:ss} {Format(line)}");

    /// <summary>Prints the table and writes the JSON file, if one is named. Returns the exit code.</summary>
    public async Task<int> FinishAsync(string? jsonFile)
    {
        var table = new Table { Title = new TableTitle(trial) }.AddColumns("what", "value", "required", "");
        foreach (var (name, value, expected, passed) in _lines)
        {
            var verdict = passed switch { true => "yes", false => "NO", null => "" };
            table.AddRow(Markup.Escape(name), Markup.Escape(value), Markup.Escape(expected ?? ""), verdict);
        }

        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = FileColumns;
        }

        AnsiConsole.Write(table);
        if (jsonFile is not null)
        {
            var report = new
            {
                Trial = trial,
                At = TimeProvider.System.GetUtcNow(),
                Environment.ProcessorCount,
                RuntimeInformation.OSDescription,
                Passed = IsPassed,
                Lines = _lines,
            };
            await File.WriteAllTextAsync(jsonFile, JsonSerializer.Serialize(report, Json));
        }

        return IsPassed ? 0 : 1;
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <param name="Expected">Null if nothing is required.</param>
internal sealed record ReportLine(string Name, string Value, string? Expected, bool? Passed);
