using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Model.Storage;

namespace CtfService.Training.Progress;

/// <summary>
/// Appends each report as a line of JSON (<c>metrics.jsonl</c>): step, seconds, images_per_second and other details (except for evaluations), and the losses by
/// name.
/// </summary>
public sealed class MetricsFile : ITrainingProgress, IDisposable
{
    private const string StepKey = "step";

    private readonly StreamWriter _lines;

    private MetricsFile(StreamWriter lines) => _lines = lines;

    /// <summary>Opens or creates the file and removes the lines of steps after <paramref name="finishedSteps"/> and an incomplete last line.</summary>
    /// <param name="finishedSteps">Finished steps of the checkpoint that the run resumes from; 0 for a new run.</param>
    public static MetricsFile Open(string path, long finishedSteps)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (File.Exists(path))
        {
            AtomicFile.WriteText(path, string.Concat(File.ReadLines(path).Where(line => StepOf(line) <= finishedSteps).Select(line => line + "\n")));
        }

        return new MetricsFile(new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" });
    }

    /// <summary>Returns the last value of a figure; null if no report has it.</summary>
    public static double? Last(string path, string name) => File.ReadLines(path)
        .Select(line => JsonNode.Parse(line)?[name]?.GetValue<double>())
        .LastOrDefault(value => value is not null);

    public void Report(TrainingReport report)
    {
        var line = new JsonObject
        {
            [StepKey] = report.Step,
            ["seconds"] = Math.Round(report.Elapsed.TotalSeconds, 3),
        };
        if (report.ImagesPerSecond is { } speed)
        {
            line["images_per_second"] = Math.Round(speed, 2);
        }

        foreach (var (name, value) in report.Details.Concat(report.Losses))
        {
            line[name] = double.IsFinite(value) ? value : null; // JSON has no NaN; a null still shows that the loss was not finite
        }

        _lines.WriteLine(line.ToJsonString());
    }

    public void Dispose() => _lines.Dispose();

    /// <summary>Returns the step of a line; <see cref="long.MaxValue"/> if the line is not a report.</summary>
    private static long StepOf(string line)
    {
        try
        {
            return JsonNode.Parse(line)?[StepKey]?.GetValue<long>() ?? long.MaxValue;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            return long.MaxValue;
        }
    }
}
