using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.LoadGenerator.Arrivals;
using CtfService.LoadGenerator.Requests;
using CtfService.LoadGenerator.Sending;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench load</c>: sends a service requests at a rate that does not depend on its answers, and checks every answer.</summary>
internal static class LoadBenchCommand
{
    private const string Self = "self";

    private static readonly NumberRange<double> SecondsRange = NumberRange.Above(0.0, 1_000_000.0);

    public static Command Create(Terminal terminal)
    {
        var address = CommandOption.Required("--address", "Address of the service, such as http://localhost:5080.");
        var apiKey = new Option<string?>("--api-key") { Description = "API key to send. Default: none." };
        var arrivals = CommandOption.Choice("--arrivals", "How requests follow each other:", ArrivalProcess.Poisson);
        var rate = CommandOption.Number("--rate", "Requests a second.", 5.0, NumberRange.Above(0.0, 100_000.0));
        var seconds = CommandOption.Number("--seconds", "Time of the measurement.", 30.0, SecondsRange);
        var warmUp = CommandOption.Number(
            "--warm-up", "Seconds at the same rate before, which are checked but not timed.", 3.0, NumberRange.Between(0.0, 10_000.0));
        var mix = CommandOption.WithDefault(
            "--mix", $"Weights of the kinds of requests and of hang-ups: {string.Join(", ", TrafficMix.Words)}.", TrafficMix.Default);
        var distinct = CommandOption.Number("--distinct", "Distinct requests with images.", 64, NumberRange.Between(1, 100_000));
        var expect = CommandOption.WithDefault(
            "--expect", "Who draws the expected images before the load: self, or the address of a service with the same model and element type.", Self);
        var decodeShare = CommandOption.Number(
            "--decode-share", "Share of the answers whose images are decoded; all are compared.", 1.0, NumberRange.Between(0.0, 1.0));
        var hangUpWithin = CommandOption.Number(
            "--hang-up-within", "Callers hang up at a random moment, at most so many seconds after they sent.", 0.5, SecondsRange);
        var obey = CommandOption.Number(
            "--obey-retry-after", "Share of the callers who, on 429, wait as Retry-After says and try once more.", 0.0, NumberRange.Between(0.0, 1.0));
        var timeout = CommandOption.Number("--timeout", "Seconds after which a request counts as unanswered.", 150.0, SecondsRange);
        var seed = CommandOption.Number("--seed", "Seed of arrivals, requests and hang-ups.", 0, NumberRange.From(0));
        var json = BenchOptions.Json();
        var command = new Command(
            "load", "Sends a service mixed requests at a fixed rate, whatever it answers, and checks every answer. Exit code 1 if one was wrong.")
        {
            address, apiKey, arrivals, rate, seconds, warmUp, mix, distinct, expect, decodeShare, hangUpWithin, obey, timeout, seed, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var target = Target("--address", arguments.GetRequiredValue(address), arguments.GetValue(apiKey));
            var drawn = arguments.GetRequiredValue(expect);
            var reference = drawn == Self ? null : Target("--expect", drawn, arguments.GetValue(apiKey));
            var plan = new LoadPlan
            {
                Arrivals = arguments.GetValue(arrivals),
                Rate = arguments.GetValue(rate),
                Duration = TimeSpan.FromSeconds(arguments.GetValue(seconds)),
                WarmUp = TimeSpan.FromSeconds(arguments.GetValue(warmUp)),
                Seed = arguments.GetValue(seed),
                ObeyingShare = arguments.GetValue(obey),
                DecodeShare = arguments.GetValue(decodeShare),
                HangUpWithin = TimeSpan.FromSeconds(arguments.GetValue(hangUpWithin)),
                Timeout = TimeSpan.FromSeconds(arguments.GetValue(timeout)),
            };
            var catalog = await CatalogPreparation.RunAsync(
                target, reference, Mix(arguments.GetRequiredValue(mix)), arguments.GetValue(distinct), (ulong)plan.Seed, cancellation);
            terminal.Error.WriteLine($"drew {catalog.Requests.Count(request => request.DrawsImages)} expected answers; sending {plan.Rate} requests/s");
            var report = await OpenLoop.RunAsync(target, catalog, plan, cancellation);
            ReportOutput.Write(terminal.Output, report, arguments.GetValue(json), LoadTables.Of);
            return report.Wrong == 0 ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    private static TrafficMix Mix(string text)
    {
        try
        {
            return TrafficMix.Parse(text);
        }
        catch (FormatException problem)
        {
            throw new UsageException($"--mix: {problem.Message}.");
        }
    }

    private static LoadTarget Target(string option, string address, string? apiKey) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? new(uri, apiKey)
            : throw new UsageException($"{option} is '{address}', expected the address of a service, such as http://localhost:5080.");
}
