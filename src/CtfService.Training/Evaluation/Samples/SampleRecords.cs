using System.Text.Json;
using CtfService.Model.Bundles;
using CtfService.Model.Storage;

namespace CtfService.Training.Evaluation.Samples;

/// <summary>
/// The finished images of a <see cref="SampleFolder"/>, one line of JSON each, appended as they finish. An incomplete last line is an unfinished image.
/// </summary>
internal sealed class SampleRecords : IDisposable
{
    private static readonly JsonSerializerOptions OneLine = new(BundleJson.Options) { WriteIndented = false };

    private readonly Dictionary<(int ClassId, int Index), SampleRecord> _records = [];
    private readonly StreamWriter _lines;

    private SampleRecords(string path, IEnumerable<SampleRecord> records)
    {
        foreach (var record in records)
        {
            _records[(record.ClassId, record.Index)] = record;
        }

        _lines = new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" };
    }

    /// <summary>Opens or creates the file.</summary>
    public static SampleRecords Open(string path)
    {
        List<SampleRecord> sound = File.Exists(path) ? [.. File.ReadLines(path).Select(Parse).OfType<SampleRecord>()] : [];
        // Appending to an incomplete line would damage the next one too.
        AtomicFile.WriteText(path, string.Concat(sound.Select(record => JsonSerializer.Serialize(record, OneLine) + "\n")));
        return new SampleRecords(path, sound);
    }

    public bool Has(PlannedSample sample) =>
        _records.TryGetValue((sample.ClassId, sample.Index), out var record) && record.Seed == sample.Specification.Seed;

    public SampleRecord Of(PlannedSample sample) => _records[(sample.ClassId, sample.Index)];

    public void Add(SampleRecord record)
    {
        _lines.WriteLine(JsonSerializer.Serialize(record, OneLine));
        _records[(record.ClassId, record.Index)] = record;
    }

    public void Dispose() => _lines.Dispose();

    private static SampleRecord? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<SampleRecord>(line, OneLine);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A finished image.</summary>
/// <param name="Index">Number within its class.</param>
/// <param name="Seconds">Time since the previous image finished, or since the start.</param>
internal sealed record SampleRecord(int ClassId, int Index, ulong Seed, double Seconds, IReadOnlyList<int> Tokens);
