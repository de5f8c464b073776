using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Model.Storage;
using CtfService.Training.Experiments.Plan;

namespace CtfService.Training.Experiments.Jobs;

/// <summary>A job's folder and what it says of the job: whose work it holds, and whether that is finished.</summary>
internal sealed class JobFolder(string output, ExperimentJob job)
{
    private const string StateName = "job.json";

    public string Path { get; } = PathOf(output, job);

    public static string PathOf(string output, ExperimentJob job) => System.IO.Path.Combine([output, .. job.Name.Split('/')]);

    /// <summary>Null where the job was never begun.</summary>
    public JobState? Read()
    {
        var path = System.IO.Path.Combine(Path, StateName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<JobState>(File.ReadAllBytes(path), ExperimentFile.Json) : null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is damaged ({error.Message}). Delete the folder; the job will be done again.", error);
        }
    }

    public bool IsFinished => Read() is { Finished: true };

    public void Write(JobState state) =>
        AtomicFile.Write(System.IO.Path.Combine(Path, StateName), stream => JsonSerializer.Serialize(stream, state, ExperimentFile.Json));

    /// <summary>
    /// Takes the job for this process until disposed; null where another one has it. The system lets go when a process ends, however it ends.
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

/// <summary><c>job.json</c>.</summary>
/// <param name="Fingerprint">Of the job that the folder's files belong to.</param>
/// <param name="Settings">The same job's, to name what changed.</param>
/// <param name="Needs">Fingerprints of the jobs it needed, by name.</param>
/// <param name="Seconds">Spent so far.</param>
/// <param name="Result">Figures for the report.</param>
internal sealed record JobState(
    string Fingerprint, JsonObject Settings, IReadOnlyDictionary<string, string> Needs, bool Finished, double Seconds, JsonObject Result)
{
    public static JobState Begun(ExperimentJob job) =>
        new(
            job.Fingerprint,
            job.Settings.DeepClone().AsObject(),
            job.Needs.ToDictionary(need => need.Name, need => need.Fingerprint),
            Finished: false,
            Seconds: 0,
            Result: []);

    /// <summary>What differs between the job as it was done and as it is asked for; empty where nothing does.</summary>
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
