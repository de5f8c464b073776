using System.CommandLine;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Requests;
using CtfService.LoadGenerator.Sending;
using CtfService.Trials.Datasets;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;
using CtfService.Trials.Soak;

namespace CtfService.Trials.Trials;

/// <summary><c>soak</c>: all routes for an hour, with faults, while memory, tensors, handles and threads are watched.</summary>
internal static class SoakTrial
{
    private const int Distinct = 64;

    private const int Callers = 16;

    /// <summary>The load, as a share of the capacity: the queue fills and empties.</summary>
    private const double Load = 0.6;

    /// <summary>Largest growth in an hour, as a share of the level.</summary>
    private const double MostGrowth = 0.01;

    /// <summary>Images of a data set that is made again and again.</summary>
    private const int DatasetImages = 240;

    private static readonly TimeSpan ShortTime = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(10);

    private static readonly Option<double> Minutes = TrialOptions.Of("minutes", 60.0, "Time of the load.");

    public static Command Create()
    {
        var command = TrialOptions.Command(
            "soak", "All routes for an hour with faults of the engine: no request lost, no image wrong, and nothing that the process holds grows.",
            Minutes, TrialOptions.Short);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var folder = TrialFolder.Open(arguments.GetValue(TrialOptions.Folder));
        var isShort = arguments.GetValue(TrialOptions.Short);
        var time = isShort ? ShortTime : TimeSpan.FromMinutes(arguments.GetValue(Minutes));
        using var service = new ServiceInstance(
            ServiceBuild.OfFaulty(),
            "soak",
            folder.File("logs"),
            $"--Storage:Folder={folder.Empty("jobs")}",
            "--Model:Dtype=float32",
            "--Jobs:MaxAttempts=20"); // faults come more often than in life, and each ends a shard's attempt
        await service.StartReadyAsync(cancellation);
        var target = new LoadTarget(service.Client.BaseAddress!, ApiKey: null);
        var catalog = await CatalogPreparation.RunAsync(target, reference: null, TrafficMix.Parse(TrafficMix.Default), Distinct, seed: 3, cancellation);
        var plan = new LoadPlan { Rate = 1, Duration = TimeSpan.FromSeconds(isShort ? 4 : 15), DecodeShare = 0.1 };
        var full = await ClosedLoop.RunAsync(target, catalog, plan, Callers, TimeSpan.Zero, cancellation);
        TrialReport.Progress($"capacity {full.RequestsPerSecond:0.0} requests/s");

        var slices = new FaultySlices(service, target, catalog, plan with { Rate = Load * full.RequestsPerSecond });
        var samples = new List<ProcessSample>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var datasets = DatasetsAsync(service, end.Token, cancellation);
        for (var started = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(started) is var now && now < time;)
        {
            await slices.RunAsync(cancellation);
            samples.Add(await ProcessSample.TakeAsync(service, now, cancellation));
            var last = samples[^1];
            TrialReport.Progress(
                $"{now.TotalMinutes:0.0} min, {slices.Sent} sent, {slices.Wrong.Count} wrong, {last.Memory / (1 << 20):0} MiB, {last.Tensors} tensors");
        }

        await end.CancelAsync();
        var report = new TrialReport("soak");
        Judge(report, slices, await datasets);
        var wrong = await ClosedLoop.CheckAllAsync(target, catalog, cancellation);
        report.Require("the catalogue afterwards, byte for byte", $"{wrong.Count} of {catalog.Requests.Count} wrong", $"0", wrong.Count == 0);
        Judge(report, samples, isShort);
        return await report.FinishAsync(arguments.GetValue(TrialOptions.Json));
    }

    /// <summary>Makes the same data set again and again, one after another.</summary>
    /// <param name="end">No further one begins.</param>
    /// <returns>How many were made, and what is wrong with those that are not as the first.</returns>
    private static async Task<(int Made, IReadOnlyList<string> Wrong)> DatasetsAsync(
        ServiceInstance service, CancellationToken end, CancellationToken cancellation)
    {
        var client = new DatasetClient([service]);
        var (made, wrong, first) = (0, new List<string>(), default(DatasetOutput));
        do
        {
            var job = await client.CreateAsync(new(DatasetImages, Seed: 5), cancellation);
            job = await client.EndAsync(job.Id, JobTimeout, cancellation);
            made++;
            if (job is not { Status: "completed", ImageCounts.Failed: 0 })
            {
                wrong.Add($"{job}");
                continue;
            }

            var output = await DatasetOutput.DownloadAsync(client, job.Id, cancellation);
            wrong.AddRange(output.DifferencesTo(first ??= output));
        }
        while (!end.IsCancellationRequested);
        return (made, wrong);
    }

    private static void Judge(TrialReport report, FaultySlices slices, (int Made, IReadOnlyList<string> Wrong) datasets)
    {
        var outcomes = slices.Outcomes.Where(each => each.Value > 0).Select(each => $"{each.Key} {each.Value}");
        report.Measure("requests", $"{slices.Sent}: {string.Join(", ", outcomes)}");
        report.Measure("faults of the engine", $"{slices.FaultsArmed}, with {slices.Explained} failed requests");
        var lost = slices.Sent - slices.Outcomes.Values.Sum() + slices.Count(Outcome.Unanswered, Outcome.ConnectionError);
        report.Require("requests lost", $"{lost}", $"0", lost == 0);
        report.Require("answers that no fault explains", $"{slices.Wrong.Count} {string.Join(" | ", slices.Wrong.Take(3))}", $"0", slices.Wrong.Count == 0);
        report.Require("images with other bytes", $"{slices.Count(Outcome.WrongBytes)}", $"0", slices.Count(Outcome.WrongBytes) == 0);
        var wrong = string.Join(" | ", datasets.Wrong.Take(3));
        report.Require("data sets that are not as the first", $"{datasets.Wrong.Count} of {datasets.Made} {wrong}", $"0", datasets.Wrong.Count == 0);
    }

    private static void Judge(TrialReport report, List<ProcessSample> samples, bool isShort)
    {
        (string Name, Func<ProcessSample, double> Value)[] held =
        [
            ("memory, MiB", sample => sample.Memory / (1 << 20)),
            (".NET's heap, MiB", sample => sample.Managed / (1 << 20)),
            ("live tensors", sample => sample.Tensors),
            ("open files and connections", sample => sample.Handles),
            ("threads", sample => sample.Threads),
        ];
        var settled = samples.Skip(samples.Count / 6).ToList(); // after the warm-up of everything
        foreach (var (name, value) in held)
        {
            var range = $"{settled.Min(value):0.0} to {settled.Max(value):0.0}";
            if (isShort || settled.Count < 3)
            {
                report.Measure(name, $"{range}");
                continue;
            }

            var trend = Trend.Of([.. settled.Select(sample => (sample.Hours, value(sample)))]);
            report.Require(
                name,
                $"{trend.Level:0.0}, {range}; {trend.Slope:+0.00;-0.00} +- {trend.Error:0.00} in an hour",
                $"at most {MostGrowth:P0} more in an hour, with two errors",
                trend.IsFlat(MostGrowth));
        }
    }
}
