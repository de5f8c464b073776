using System.Text.Json;
using CtfService.Model.Bundles;
using CtfService.Model.Storage;

namespace CtfService.Training.Evaluation.Samples;

/// <summary>The finished images of a <see cref="SampleFolder"/>, a line of JSON each, appended as they come. A torn last line is an image that was not finished.</summary>
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
        // Appending to a torn line would tear the next one too.
        AtomicFile.WriteText(path, string.Concat(sound.Select(record => JsonSerializer.Serialize(record, OneLine) + "\n")));
        return new SampleRecords(path, sound);
    }

    public bool Has(PlannedSample sample) => _records.TryGetValue((sample.ClassId, sample.Index), out var record) && record.Seed == sample.Specification.Seed;

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
/// <param name="Seconds">From the image that was finished before it, or from the start.</param>
internal sealed record SampleRecord(int ClassId, int Index, ulong Seed, double Seconds, IReadOnlyList<int> Tokens);
