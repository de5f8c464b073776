using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Training.Data.Formats;

namespace CtfService.Training.Parts;

/// <summary>
/// What a part of a run was made from: images, image size, tokenizer, cluster map, architecture, settings, program. The record is stored in the metadata of the
/// part's file; every later stage compares it before it uses the part.
/// </summary>
public sealed record PartRecord
{
    /// <summary>The training images, as <see cref="DataFingerprint"/>.</summary>
    public const string Data = "data";

    /// <summary>Side of the training images, pixels.</summary>
    public const string ImageSize = "image_size";

    /// <summary>The tokenizer, as <see cref="TokenizerIdentity"/>.</summary>
    public const string Tokenizer = "tokenizer";

    /// <summary>The cluster map, as <see cref="ClusterMapIdentity"/>.</summary>
    public const string ClusterMap = "cluster_map";

    /// <summary>Name of the file of a published tokenizer, whose training images are unknown.</summary>
    public const string ImportedFrom = "imported_from";

    public const string Architecture = "architecture";

    /// <summary>Number of training steps; a resumed run may have more.</summary>
    public const string Steps = "training.steps";

    public const string Training = "training";

    /// <summary>Whether a training multiplies in bfloat16: true or false.</summary>
    public const string Bfloat16 = "training.bfloat16";

    private const string Program = "program";
    private const string MetadataKey = "made_from";
    private const string Unknown = "unknown";

    private readonly ImmutableSortedDictionary<string, string> _facts;

    private PartRecord(ImmutableSortedDictionary<string, string> facts) => _facts = facts;

    /// <summary>A record that names only the program.</summary>
    public static PartRecord Empty { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(Program, ProgramVersion()));

    /// <summary>The facts by name.</summary>
    public IReadOnlyDictionary<string, string> Facts => _facts;

    /// <summary>Restores a record from <see cref="Facts"/>.</summary>
    public static PartRecord OfFacts(IReadOnlyDictionary<string, string> facts) => new(facts.ToImmutableSortedDictionary(StringComparer.Ordinal));

    /// <summary>Creates a record with one fact.</summary>
    public static PartRecord Of(string name, object? value) => Empty.With(name, value);

    /// <summary>The record as metadata of the part's file.</summary>
    public IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string> { [MetadataKey] = JsonSerializer.Serialize(_facts) };

    /// <summary>Gets a fact; null if it is unknown.</summary>
    public string? this[string name] => _facts.GetValueOrDefault(name);

    /// <summary>Side of the images, pixels; null if unknown.</summary>
    public int? PixelsOfImages => this[ImageSize] is { } size ? int.Parse(size, CultureInfo.InvariantCulture) : null;

    /// <summary>Adds a fact, or one fact for each property of an object; null adds nothing.</summary>
    public PartRecord With(string name, object? value) => JsonSerializer.SerializeToNode(value, BundleJson.Options) switch
    {
        null => this,
        JsonObject record => record.Aggregate(this, (result, property) => result.With($"{name}.{property.Key}", property.Value)),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => new(_facts.SetItem(name, (string)text!)),
        var other => new(_facts.SetItem(name, other.ToJsonString(Compact))),
    };

    /// <summary>Returns a record with only the facts of these names.</summary>
    public PartRecord Only(params IReadOnlyCollection<string> names) => new(_facts.RemoveRange(_facts.Keys.Where(name => !names.Contains(name))));

    /// <summary>Returns the facts that differ from another record, except the program. A fact that only one record has counts as different.</summary>
    public IReadOnlyList<RecordDifference> Differences(PartRecord now) =>
    [
        .. _facts.Keys.Union(now._facts.Keys)
            .Where(name => name != Program && this[name] != now[name])
            .Order(StringComparer.Ordinal)
            .Select(name => new RecordDifference(name, this[name] ?? Unknown, now[name] ?? Unknown)),
    ];

    /// <summary>Reads the record of a file; null if the file has none, as in files of earlier versions.</summary>
    /// <exception cref="CheckpointException">The file is missing or damaged.</exception>
    public static PartRecord? Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return Read(file);
    }

    /// <inheritdoc cref="Read(string)"/>
    public static PartRecord? Read(SafetensorsFile file)
    {
        try
        {
            return file.Metadata.TryGetValue(MetadataKey, out var json) && JsonSerializer.Deserialize<Dictionary<string, string>>(json) is { } facts
                ? new(facts.ToImmutableSortedDictionary(StringComparer.Ordinal))
                : null;
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{file.Path}: the record of what it was made from is damaged ({error.Message}). Create the file again.", error);
        }
    }

    private static string ProgramVersion() =>
        typeof(PartRecord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? Unknown;

    private static readonly JsonSerializerOptions Compact = new() { WriteIndented = false };
}

/// <summary>A fact in which two records differ.</summary>
/// <param name="There">Value in the file.</param>
/// <param name="Now">Value in this run.</param>
public sealed record RecordDifference(string Name, string There, string Now)
{
    /// <summary>Whether the weights depend on the fact, so that --accept-changes cannot accept the difference.</summary>
    public bool IsFixed => Name is PartRecord.Tokenizer or PartRecord.ClusterMap || Name.StartsWith(PartRecord.Architecture, StringComparison.Ordinal);

    public override string ToString() => $"{Name}: {There} in the file, {Now} now";

    /// <summary>Formats differences as indented lines, each after a line break.</summary>
    public static string Lines(IEnumerable<RecordDifference> differences) =>
        string.Concat(differences.Select(difference => $"{Environment.NewLine}  {difference}"));
}
