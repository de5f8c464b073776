using System.Globalization;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Reports;
using Spectre.Console;

namespace CtfService.Cli.Commands.Bench;

/// <summary>The report of <c>ctf bench load</c> as tables.</summary>
internal static class LoadTables
{
    public static IEnumerable<Table> Of(LoadReport report)
    {
        yield return Summary(report);
        yield return Times(report);
        yield return Kinds(report);
        if (report.Faults.Count > 0)
        {
            yield return Faults(report);
        }
    }

    private static Table Summary(LoadReport report)
    {
        var table = new Table().Title($"a load of {Text(report.Seconds)} s").AddColumns("what", "value");
        table.AddRow("offered requests/s", Text(report.OfferedRequestsPerSecond));
        table.AddRow("right answers/s", Text(report.RequestsPerSecond));
        table.AddRow("right images/s", Text(report.ImagesPerSecond));
        table.AddRow("requests sent", $"{report.Sent}");
        foreach (var outcome in Outcomes.All)
        {
            table.AddRow($"- {outcome.Name()}{(outcome.IsWrong() ? " (wrong)" : "")}", $"{report.Count(outcome)}");
        }

        foreach (var (code, count) in report.RefusalCodes)
        {
            table.AddRow($"refused: {code}", $"{count}");
        }

        return report.Retries.Sent == 0
            ? table
            : table.AddRow("retries after Retry-After", $"{report.Retries.Sent}, {Text(100 * report.Retries.AdmittedShare)} % of them admitted");
    }

    private static Table Times(LoadReport report)
    {
        var table = new Table().Title("times in ms").AddColumns("what", "count", "p50", "p90", "p99", "p99.9", "max");
        AddTimes(table, "latency of images, from the time at which the request was due", report.Latency);
        AddTimes(table, "the same from the time at which it was sent", report.ServiceTime);
        AddTimes(table, "refusals (429)", report.RefusalLatency);
        AddTimes(table, "delay of the generator itself", report.SendDelay);
        AddTimes(table, $"/health/live ({report.LivenessFailures} failed)", report.Liveness);
        return table;
    }

    private static Table Kinds(LoadReport report)
    {
        var table = new Table().Title("latency by kind in ms").AddColumns("kind", "right", "p50", "p90", "p99", "p99.9", "max");
        foreach (var kind in report.Kinds)
        {
            AddTimes(table, kind.Kind, kind.Latency);
        }

        return table;
    }

    private static Table Faults(LoadReport report)
    {
        var table = new Table().Title($"the first of {report.Wrong} wrong answers").AddColumns("what");
        foreach (var fault in report.Faults)
        {
            table.AddRow(Markup.Escape(fault));
        }

        return table;
    }

    private static void AddTimes(Table table, string name, LatencySummary times) =>
        table.AddRow(name, $"{times.Count}", Text(times.P50), Text(times.P90), Text(times.P99), Text(times.P999), Text(times.Max));

    private static string Text(double value) => double.IsNaN(value) ? "-" : value.ToString("0.0", CultureInfo.InvariantCulture);
}
