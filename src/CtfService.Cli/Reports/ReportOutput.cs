using Spectre.Console;

namespace CtfService.Cli.Reports;

/// <summary>Writes the report of a command in the form that the user chooses.</summary>
internal static class ReportOutput
{
    /// <summary>Writes JSON if <paramref name="asJson"/>, tables otherwise.</summary>
    public static void Write<T>(TextWriter output, T report, bool asJson, Func<T, IEnumerable<Table>> tables)
    {
        if (asJson)
        {
            ReportJson.Write(output, report);
        }
        else
        {
            ReportTables.Write(output, [.. tables(report)]);
        }
    }
}
