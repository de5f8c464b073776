using Spectre.Console;

namespace CtfService.Cli.Reports;

/// <summary>Prints tables to standard output, unfolded where that is a file.</summary>
internal static class ReportTables
{
    private const int FileWidth = 160;

    public static void Write(TextWriter target, params Table[] tables)
    {
        var output = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(target) });
        if (!output.Profile.Out.IsTerminal)
        {
            output.Profile.Width = FileWidth; // a file has no edge to fold at
        }

        foreach (var table in tables)
        {
            output.Write(table);
        }
    }
}
