using System.Text.Json;
using CtfService.Datasets.Plans;
using CtfService.Model.Storage;

namespace CtfService.Datasets.Folders;

/// <summary>Says that a shard is complete; written when all its images are on disk.</summary>
/// <param name="Rejected">Images that the filter rejected, in the order of the data set.</param>
internal sealed record ShardRecord(IReadOnlyList<RejectedImage> Rejected)
{
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static ShardRecord Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ShardRecord>(File.ReadAllText(path), DatasetJson.OneLine) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is damaged: {error.Message} Delete it and run the command again.", error);
        }
    }

    public void Write(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(this, DatasetJson.OneLine) + "\n");
}
