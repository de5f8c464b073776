using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Datasets.Finishing;
using CtfService.Datasets.Plans;
using CtfService.Model.Storage;

namespace CtfService.Datasets.Folders;

/// <summary>What was started in a folder. A folder only ever continues the same data set.</summary>
/// <param name="Fill">The folder whose images were counted for the plan; null if none were, or the data set is finished.</param>
public sealed record StartedDataset(DatasetOrigin Origin, DatasetPlan Plan, FilledFolder? Fill = null)
{
    /// <summary>Characters of a bundle's hash that messages show.</summary>
    private const int ShownHash = 12;

    /// <summary>Reads what was started in a folder, finished or not; returns null if nothing was.</summary>
    /// <exception cref="InvalidDataException">A file of the data set is damaged, or is not one of this program.</exception>
    public static StartedDataset? Find(string folder) => FindUnfinished(folder) ?? FindFinished(folder);

    internal static StartedDataset? FindUnfinished(string folder)
    {
        var path = StateFiles.Plan(folder);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<StartedDataset>(File.ReadAllText(path), DatasetJson.OneLine) : null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: does not describe a data set of this program: {error.Message} Choose another folder.", error);
        }
    }

    private static StartedDataset? FindFinished(string folder) =>
        DatasetManifest.Find(folder) is { } manifest ? new StartedDataset(manifest.Origin, manifest.Plan) : null;

    internal void Write(string folder) => AtomicFile.WriteText(StateFiles.Plan(folder), JsonSerializer.Serialize(this, DatasetJson.Indented) + "\n");

    /// <exception cref="InvalidDataException">The folder holds another data set; the message names the differences.</exception>
    internal void RequireSame(StartedDataset wanted, string folder)
    {
        List<string> differences = [.. Differences(Origin, wanted.Origin), .. Differences(Plan, wanted.Plan)];
        if (differences.Count > 0)
        {
            throw new InvalidDataException(
                $"'{folder}' holds a data set with {string.Join("; ", differences)}. "
                + "Choose another folder, or repeat the command that started it.");
        }
    }

    private static IEnumerable<string> Differences<T>(T found, T wanted)
    {
        var (left, right) = (Fields(found), Fields(wanted));
        return from name in left.Select(field => field.Key).Union(right.Select(field => field.Key))
               let values = (Found: Text(name, left[name]), Wanted: Text(name, right[name]))
               where values.Found != values.Wanted
               select name == "counts" ? "other counts of images" : $"{name} {values.Found}, not {values.Wanted}";
    }

    private static JsonObject Fields<T>(T value) => JsonSerializer.SerializeToNode(value, DatasetJson.OneLine)!.AsObject();

    private static string Text(string name, JsonNode? value) => value?.ToJsonString(DatasetJson.OneLine).Trim('"') switch
    {
        null => "none",
        var hash when name == "bundle_hash" && hash.Length > ShownHash => hash[..ShownHash],
        var text => text,
    };
}
