using Spectre.Console;

namespace CtfService.Cli.Reports;

/// <summary>Writes the result of a command as tables, without line breaks in a cell if the output is a file.</summary>
internal static class ReportTables
{
    private const int FileWidth = 160;

    public static void Write(TextWriter target, params Table[] tables)
    {
        var output = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(target) });
        if (!output.Profile.Out.IsTerminal)
        {
            output.Profile.Width = FileWidth; // a file has no width
        }

        foreach (var table in tables)
        {
            output.Write(table);
        }
    }
}
