using Tensorboard;
using TorchSharp;
using TorchSharp.Modules;

namespace CtfService.Training.Progress;

/// <summary>
/// Appends each report to a TensorBoard event file in the folder of the run, beside <c>metrics.jsonl</c> and with the same figures. A figure's tag is its name;
/// those of evaluations start with <c>evaluation/</c>.
/// </summary>
public sealed class EventFile : ITrainingProgress
{
    private const string Pattern = "events.out.tfevents.*";
    private const string EvaluationPrefix = "evaluation/";

    /// <summary>Length and checksum before a record, and checksum after it, in bytes.</summary>
    private const int HeaderBytes = 12;
    private const int FooterBytes = 4;

    private readonly SummaryWriter _writer;
    private readonly TimeProvider _time;

    private EventFile(SummaryWriter writer, TimeProvider time)
    {
        _writer = writer;
        _time = time;
    }

    /// <summary>Opens a new event file and removes the events of steps after <paramref name="finishedSteps"/> from those of earlier starts.</summary>
    /// <param name="folder">Folder of the run.</param>
    /// <param name="finishedSteps">Finished steps of the checkpoint that the run resumes from; 0 for a new run, which deletes the files.</param>
    /// <param name="time">The clock; null for the system clock.</param>
    public static EventFile Open(string folder, long finishedSteps, TimeProvider? time = null)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(folder, Pattern).ToList())
        {
            if (finishedSteps == 0)
            {
                File.Delete(file);
            }
            else
            {
                Truncate(file, finishedSteps);
            }
        }

        return new EventFile(torch.utils.tensorboard.SummaryWriter(folder), time ?? TimeProvider.System);
    }

    public void Report(TrainingReport report)
    {
        var isEvaluation = report.ImagesPerSecond is null && report.Details.Count == 0;
        foreach (var (name, value) in report.Losses)
        {
            Add(isEvaluation ? EvaluationPrefix + name : name, value, report.Step);
        }

        foreach (var (name, value) in report.Details)
        {
            Add(name, value, report.Step);
        }

        if (report.ImagesPerSecond is { } speed)
        {
            Add("images_per_second", speed, report.Step);
        }
    }

    private void Add(string tag, double value, long step) =>
        _writer.add_scalar(tag.Replace(' ', '_'), (float)value, (int)step, _time.GetUtcNow().ToUnixTimeSeconds());

    /// <summary>Cuts a file before its first event of a later step, or before an incomplete one.</summary>
    private static void Truncate(string path, long finishedSteps)
    {
        using var stream = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        using var reader = new BinaryReader(stream);
        var end = 0L;
        while (stream.Length - end > HeaderBytes + FooterBytes)
        {
            var length = reader.ReadInt64();
            if (length < 0 || length > stream.Length - end - HeaderBytes - FooterBytes)
            {
                break;
            }

            stream.Position = end + HeaderBytes;
            if (Event.Parser.ParseFrom(reader.ReadBytes((int)length)).Step > finishedSteps)
            {
                break;
            }

            end += HeaderBytes + length + FooterBytes;
            stream.Position = end;
        }

        stream.SetLength(end);
    }
}
