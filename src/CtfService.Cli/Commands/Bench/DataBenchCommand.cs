using System.CommandLine;
using System.Diagnostics;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Commands.Train;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Core.Generation;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Bench;

/// <summary><c>ctf bench data</c>: how fast a data set can be read for training, and the memory that it needs.</summary>
internal static class DataBenchCommand
{
    /// <summary>Number of times that the memory is read while batches are read.</summary>
    private const int Readings = 10;

    private const long MiB = 1 << 20;

    public static Command Create(Terminal terminal)
    {
        var data = CommandOption.Required("--data", TrainingArguments.DataDescription);
        var classNames = ClassNamesOption.Create();
        var imageSize = CommandOption.Number("--image-size", "Side that images are scaled to, in pixels.", 64, TrainingRanges.ImageSide);
        var maxPixels = MaxPixelsOption.Create();
        var batch = CommandOption.Number("--batch", "Images per step.", 64, TrainingRanges.BatchSize);
        var steps = CommandOption.Number("--steps", "Batches to read.", 500, Ranges.Steps);
        var memory = CommandOption.Number(
            "--image-memory",
            "Decoded images that may stay in memory, in MiB; more are decoded for each batch. Training commands have this default.",
            (int)(DatasetRequest.DefaultMemoryLimit / MiB),
            NumberRange.Between(0, 1 << 20));
        var seed = CommandOption.Seed();
        var command = new Command("data", "Measures how fast the training images of a data set are listed, read and decoded, and the memory; prints JSON.")
        {
            data, classNames, imageSize, maxPixels, batch, steps, memory, seed,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var path = arguments.GetRequiredValue(data);
            var request = new DatasetRequest(arguments.GetValue(imageSize))
            {
                Split = ImageDatasetReader.HasSplit(path, ImageDatasetReader.TrainSplit) ? ImageDatasetReader.TrainSplit : null,
                MaxPixels = arguments.GetValue(maxPixels),
                ClassNames = arguments.GetValue(classNames),
                MemoryLimit = arguments.GetValue(memory) * MiB,
            };
            var options = new BatchOptions { BatchSize = arguments.GetValue(batch), Seed = arguments.GetValue(seed), BalanceClasses = true };
            ReportJson.Write(terminal.Output, Measure(terminal, path, request, options, arguments.GetValue(steps), cancellation));
        });
        return command;
    }

    private static object Measure(
        Terminal terminal, string path, DatasetRequest request, BatchOptions options, int steps, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var images = ImageDatasetReader.OpenForTraining(path, request, cancellation).ReportSkipped(terminal);
        var opened = Stopwatch.GetElapsedTime(started);
        using var unreadable = new UnreadableReport(terminal, images);
        var memoryOpened = Environment.WorkingSet;
        terminal.Error.WriteLine(FormattableString.Invariant($"Opened in {opened.TotalSeconds:0.0} s."));
        using var batches = images.Batches(options, cancellation: cancellation);
        batches.Next().Dispose();
        var first = Stopwatch.GetElapsedTime(started) - opened;
        terminal.Error.WriteLine(FormattableString.Invariant($"First batch after {first.TotalSeconds:0.0} s more."));
        var memory = new List<long>();
        var reading = Stopwatch.GetTimestamp();
        for (var step = 1; step < steps; step++)
        {
            batches.Next().Dispose();
            if (step % Math.Max(1, steps / Readings) == 0)
            {
                memory.Add(Environment.WorkingSet / MiB);
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(reading);
        return new
        {
            Data = path,
            Kept = images is ImageStream ? "stream" : images is ImageDataset { IsStored: true } ? "on disk" : "in memory",
            Images = images.Count,
            images.IsCountEstimated,
            Classes = images.ClassNames.Count,
            SecondsToOpen = Math.Round(opened.TotalSeconds, 2),
            SecondsToFirstBatch = Math.Round(first.TotalSeconds, 2),
            ImagesPerSecond = Math.Round((steps - 1) * options.BatchSize / elapsed.TotalSeconds),
            MemoryMib = new { Opened = memoryOpened / MiB, Reading = memory, Peak = PeakMemory.OfThisProcess() / MiB },
            Unreadable = images.Unreadable.Sum(files => files.Count),
        };
    }
}
