using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Storage;
using CtfService.Training.Parts;

namespace CtfService.Training.Tokens;

/// <summary>
/// What a token set is, as JSON: <c>started.json</c> while it is computed, and <c>index.json</c>, with all shards, which is written last and makes it complete.
/// </summary>
/// <param name="MadeFrom">Facts of the <see cref="PartRecord"/>.</param>
/// <param name="ClassNames">The index is the class id.</param>
/// <param name="Images">Images that have tokens; 0 while the set is computed.</param>
/// <param name="Shards">Files in order, with the rows of each.</param>
internal sealed record TokenSetIndex(
    int FormatVersion,
    IReadOnlyDictionary<string, string> MadeFrom,
    IReadOnlyList<string> ClassNames,
    TokenLayout Layout,
    int Images,
    IReadOnlyList<TokenShardEntry> Shards)
{
    private const int Version = 1;
    private const string StartedName = "started.json";
    private const string CompleteName = "index.json";

    public PartRecord Record => PartRecord.OfFacts(MadeFrom);

    /// <summary>Describes a set without shards.</summary>
    public static TokenSetIndex Start(PartRecord madeFrom, IReadOnlyList<string> classNames, TokenLayout layout) =>
        new(Version, madeFrom.Facts, classNames, layout, Images: 0, Shards: []);

    public static bool IsComplete(string folder) => File.Exists(Path.Combine(folder, CompleteName));

    public static bool IsStarted(string folder) => File.Exists(Path.Combine(folder, StartedName));

    public static TokenSetIndex ReadComplete(string folder) => Read(folder, CompleteName);

    public static TokenSetIndex ReadStarted(string folder) => Read(folder, StartedName);

    /// <summary>Returns what the set in the folder is or will be made from; null if there is none.</summary>
    public static PartRecord? RecordIn(string folder) =>
        IsComplete(folder) ? ReadComplete(folder).Record
        : IsStarted(folder) ? ReadStarted(folder).Record
        : null;

    public void WriteStarted(string folder) => Write(folder, StartedName);

    public void WriteComplete(string folder)
    {
        Write(folder, CompleteName);
        File.Delete(Path.Combine(folder, StartedName));
    }

    private static TokenSetIndex Read(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        try
        {
            var index = JsonSerializer.Deserialize<TokenSetIndex>(File.ReadAllBytes(path), BundleJson.Options) ?? throw new JsonException("It holds null.");
            return index.FormatVersion == Version
                ? index
                : throw new JsonException($"format_version is {index.FormatVersion}, expected {Version}.");
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path}: is not a list of token shards ({error.Message}) {Remedy(folder)}", error);
        }
    }

    /// <summary>What to do about damaged tokens.</summary>
    public static string Remedy(string folder) => $"Delete the folder {folder} and run 'ctf tokenize' again.";

    private void Write(string folder, string name) =>
        AtomicFile.WriteBytes(Path.Combine(folder, name), JsonSerializer.SerializeToUtf8Bytes(this, BundleJson.Options));
}

/// <param name="File">Name in the folder.</param>
/// <param name="Rows">Rows in the file.</param>
internal sealed record TokenShardEntry(string File, int Rows);
