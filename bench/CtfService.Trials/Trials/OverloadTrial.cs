using System.CommandLine;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Reports;
using CtfService.LoadGenerator.Requests;
using CtfService.LoadGenerator.Sending;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Trials;

/// <summary><c>overload</c>: what a service does with half of its capacity, all of it, and several times as much.</summary>
internal static class OverloadTrial
{
    private static readonly Bounds Full = new(LeastThroughput: 0.95, LeastAdmitted: 0.9, MostLatency: 3, MostLivenessMilliseconds: 100);

    /// <summary>Those of the short form: the times of a few seconds, on a machine that may do other things, show a collapse and no more.</summary>
    private static readonly Bounds Short = new(LeastThroughput: 0.5, LeastAdmitted: 0.5, MostLatency: 30, MostLivenessMilliseconds: 2_000);

    /// <summary>Share of the callers who obey Retry-After at twice the capacity: if all came again, half of them could not be served.</summary>
    private const double Obeying = 0.25;

    private const int Distinct = 64;

    /// <summary>Callers who measure the capacity: they ask for more images than the service draws at once, and for fewer than its queue holds.</summary>
    private const int Callers = 16;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly Option<double> Seconds = TrialOptions.Of("seconds", 300.0, "Time of each load.");

    private static readonly Option<double> Backlog = TrialOptions.Of("backlog", 0.12, "Inference:MaxBacklog during the loads, seconds; 0 for none.");

    private static readonly Option<double[]> Loads = new("--loads")
    {
        Description = "Loads as multiples of the capacity; 1 is the one that others are compared with.",
        DefaultValueFactory = _ => [0.5, 0.8, 1, 2, 5],
        AllowMultipleArgumentsPerToken = true,
    };

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "overload", "Sends a service half of its capacity to five times as much, and checks every answer.",
            Seconds, Backlog, Loads, TrialOptions.Short);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var isShort = arguments.GetValue(TrialOptions.Short);
        var time = TimeSpan.FromSeconds(isShort ? 4 : arguments.GetValue(Seconds));
        var plan = new LoadPlan { Rate = 1, Duration = time, WarmUp = Min(time / 4, TimeSpan.FromSeconds(10)) };
        using var service = new ServiceInstance(
            ServiceBuild.In(arguments.GetValue(TrialOptions.Service)),
            "service",
            folder.File("logs"),
            $"--Storage:Folder={folder.Empty("jobs")}",
            "--Model:Dtype=int8"); // the same after the restart
        await service.StartReadyAsync(cancellation);
        var target = new LoadTarget(service.Client.BaseAddress!, ApiKey: null);
        var catalog = await CatalogPreparation.RunAsync(target, reference: null, TrafficMix.Parse(TrafficMix.Default), Distinct, seed: 1, cancellation);
        TrialReport.Progress($"{catalog.Requests.Count} expected answers");

        var report = new TrialReport("overload");
        var unloaded = await ClosedLoop.RunAsync(target, catalog, plan, callers: 1, Pause, cancellation);
        report.Measure("unloaded: one request at a time, with pauses", Times(unloaded.Latency));
        var full = await ClosedLoop.RunAsync(target, catalog, plan, Callers, TimeSpan.Zero, cancellation);
        var capacity = full.RequestsPerSecond;
        report.Measure($"capacity: {Callers} callers who each wait", $"{capacity:0.0} requests/s, {full.ImagesPerSecond:0.0} images/s");
        if (arguments.GetValue(Backlog) is > 0 and var seconds)
        {
            await service.StopAsync();
            service.Environment["Inference__MaxBacklog"] = $"{TimeSpan.FromSeconds(seconds)}";
            await service.StartReadyAsync(cancellation);
            report.Measure("Inference:MaxBacklog in what follows", $"{seconds} s");
        }

        var results = new List<(double Load, LoadReport Report)>();
        foreach (var load in arguments.GetRequiredValue(Loads))
        {
            TrialReport.Progress($"{load} times the capacity");
            var loadPlan = plan with { Rate = load * capacity, ObeyingShare = load == 2 ? Obeying : 0, Seed = (int)(100 * load) };
            var result = await OpenLoop.RunAsync(target, catalog, loadPlan, cancellation);
            results.Add((load, result));
            Note(report, load, result);
        }

        Judge(report, results, unloaded, isShort ? Short : Full);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    private static void Note(TrialReport report, double load, LoadReport result)
    {
        var name = $"{load} times the capacity";
        report.Measure(
            $"{name}: requests",
            $"{result.OfferedRequestsPerSecond:0.0}/s offered, {result.RequestsPerSecond:0.0}/s right, {result.ImagesPerSecond:0.0} images/s");
        report.Measure(
            $"{name}: outcomes",
            $"{Counts(result.Outcomes)}{(result.RefusalCodes.Count == 0 ? "" : $" (429: {Counts(result.RefusalCodes)})")}");
        report.Measure($"{name}: latency", Times(result.Latency));
        report.Measure($"{name}: refusals", Times(result.RefusalLatency));
        report.Measure($"{name}: delay of the generator", Times(result.SendDelay));
        report.Measure($"{name}: /health/live", Times(result.Liveness));
        var ended = result.Outcomes.Values.Sum();
        report.Require(
            $"{name}: answered once, with 200, 429, the 504 of a time limit or the 4xx of a bad request",
            $"{ended} of {result.Sent}, {result.Wrong} wrong, {result.Count(Outcome.Unavailable)} times 503 {string.Join(" | ", result.Faults.Take(3))}",
            $"all, 0 wrong",
            ended == result.Sent && result.Wrong == 0 && result.Count(Outcome.Unavailable) == 0);
    }

    private static void Judge(TrialReport report, List<(double Load, LoadReport Report)> results, LoadReport unloaded, Bounds bounds)
    {
        LoadReport? Of(double load) => results.Find(each => each.Load == load).Report;
        foreach (var (load, result) in results.Where(each => each.Load > 1))
        {
            if (Of(1) is { } full)
            {
                var ratio = result.ImagesPerSecond / full.ImagesPerSecond;
                report.Require($"images/s at {load} compared with 1", $"{ratio:P1}", $"at least {bounds.LeastThroughput:P0}", ratio >= bounds.LeastThroughput);
            }
        }

        if (Of(0.8) is { } busy)
        {
            var ratio = busy.Latency.P99 / unloaded.Latency.P99;
            report.Require("p99 at 0.8 compared with the unloaded p99", $"{ratio:0.00}", $"at most {bounds.MostLatency}", ratio <= bounds.MostLatency);
        }

        if (Of(2) is { Retries: { Sent: > 0 } retries })
        {
            report.Require(
                "callers who obey Retry-After get in at the first retry, at 2",
                $"{retries.AdmittedShare:P1} of {retries.Sent}{(retries.Codes.Count == 0 ? "" : $"; refused again: {Counts(retries.Codes)}")}",
                $"at least {bounds.LeastAdmitted:P0}",
                retries.AdmittedShare >= bounds.LeastAdmitted);
        }

        if (Of(5) is { } most)
        {
            report.Require(
                "/health/live at 5",
                $"p99 {most.Liveness.P99:0.0} ms, maximum {most.Liveness.Max:0.0} ms, {most.LivenessFailures} failed",
                $"maximum below {bounds.MostLivenessMilliseconds} ms",
                most.Liveness.Max < bounds.MostLivenessMilliseconds && most.LivenessFailures == 0);
        }
    }

    private static string Counts(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.Where(pair => pair.Value > 0).Select(pair => $"{pair.Key} {pair.Value}"));

    private static FormattableString Times(LatencySummary times) =>
        $"p50 {times.P50:0.0}, p90 {times.P90:0.0}, p99 {times.P99:0.0}, p99.9 {times.P999:0.0}, max {times.Max:0.0} ms ({times.Count})";

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    /// <summary>What must hold of throughput and times.</summary>
    /// <param name="LeastThroughput">Images/s above the capacity, as a share of those at it.</param>
    /// <param name="LeastAdmitted">Share of the callers who obey Retry-After and get in at their first retry, at 2.</param>
    /// <param name="MostLatency">The p99 at 0.8, as a multiple of the unloaded one.</param>
    /// <param name="MostLivenessMilliseconds">The slowest answer of /health/live at 5.</param>
    private sealed record Bounds(double LeastThroughput, double LeastAdmitted, double MostLatency, double MostLivenessMilliseconds);
}
