using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Model.Storage;
using CtfService.Training.Experiments.Plan;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>The folder of a job with the state of the job.</summary>
internal sealed class JobFolder(string output, ExperimentJob job)
{
    private const string StateName = "job.json";

    public string Path { get; } = PathOf(output, job);

    public static string PathOf(string output, ExperimentJob job) => System.IO.Path.Combine([output, .. job.Name.Split('/')]);

    /// <summary>Reads the state; null if the job was never started.</summary>
    public JobState? Read()
    {
        var path = System.IO.Path.Combine(Path, StateName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<JobState>(File.ReadAllBytes(path), ExperimentFile.Json) : null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is damaged ({error.Message}). Delete the folder; the job will run again.", error);
        }
    }

    public bool IsFinished => Read() is { Finished: true };

    public void Write(JobState state) =>
        AtomicFile.Write(System.IO.Path.Combine(Path, StateName), stream => JsonSerializer.Serialize(stream, state, ExperimentFile.Json));

    /// <summary>
    /// Claims the job for this process until disposed; returns null if another process has claimed it. The system releases the claim when the process ends.
    /// </summary>
    public IDisposable? TryClaim() => FolderLock.TryTake(Path);

    public void Delete()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}

/// <summary>The state of a job, stored as <c>job.json</c>.</summary>
/// <param name="Fingerprint">Fingerprint of the job that the files in the folder belong to.</param>
/// <param name="Settings">Settings of that job, to report changes.</param>
/// <param name="Needs">Fingerprints of the needed jobs by name.</param>
/// <param name="Seconds">Time spent so far.</param>
/// <param name="Result">Figures for the report.</param>
internal sealed record JobState(
    string Fingerprint, JsonObject Settings, IReadOnlyDictionary<string, string> Needs, bool Finished, double Seconds, JsonObject Result)
{
    public static JobState Started(ExperimentJob job) =>
        new(
            job.Fingerprint,
            job.Settings.DeepClone().AsObject(),
            job.Needs.ToDictionary(need => need.Name, need => need.Fingerprint),
            Finished: false,
            Seconds: 0,
            Result: []);

    /// <summary>Returns the differences between the stored and the requested job.</summary>
    public IEnumerable<string> Changes(ExperimentJob job)
    {
        if (Fingerprint == job.Fingerprint)
        {
            yield break;
        }

        foreach (var key in Settings.Select(entry => entry.Key).Union(job.Settings.Select(entry => entry.Key)))
        {
            var (before, now) = (Settings[key], job.Settings[key]);
            if (!JsonNode.DeepEquals(before, now))
            {
                yield return $"{key} was {Text(before)}, is {Text(now)}";
            }
        }

        foreach (var need in job.Needs.Where(need => Needs.GetValueOrDefault(need.Name) != need.Fingerprint))
        {
            yield return Needs.ContainsKey(need.Name) ? $"{need.Name} changed" : $"{need.Name} is needed now";
        }
    }

    private static string Text(JsonNode? node) => node is null ? "absent" : node.ToJsonString(Compact);

    private static readonly JsonSerializerOptions Compact = new() { WriteIndented = false };
}
