using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Training.Data.Files;

namespace CtfService.Training.Parts;

/// <summary>
/// What a part of a run was made from, fact by fact: images, image size, tokenizer, cluster map, architecture, settings, program. Lies in the metadata
/// of the part's file; every later stage compares it before it builds on the part.
/// </summary>
public sealed record PartRecord
{
    /// <summary>The images that the part learnt from: a <see cref="DataFingerprint"/>.</summary>
    public const string Data = "data";

    /// <summary>Side of these images, pixels.</summary>
    public const string ImageSize = "image_size";

    /// <summary>What decides the tokens: a <see cref="TokenizerIdentity"/>.</summary>
    public const string Tokenizer = "tokenizer";

    /// <summary>A <see cref="ClusterMapIdentity"/>.</summary>
    public const string ClusterMap = "cluster_map";

    public const string Architecture = "architecture";

    /// <summary>Number of training steps; a run may be made longer.</summary>
    public const string Steps = "training.steps";

    public const string Training = "training";

    private const string Program = "program";
    private const string MetadataKey = "made_from";
    private const string Unknown = "unknown";

    private readonly ImmutableSortedDictionary<string, string> _facts;

    private PartRecord(ImmutableSortedDictionary<string, string> facts) => _facts = facts;

    /// <summary>Names the program and nothing else.</summary>
    public static PartRecord Empty { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(Program, ProgramVersion()));

    /// <summary>One fact.</summary>
    public static PartRecord Of(string name, object? value) => Empty.With(name, value);

    /// <summary>For the metadata of the part's file.</summary>
    public IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string> { [MetadataKey] = JsonSerializer.Serialize(_facts) };

    /// <summary>Returns null for a fact that is not known.</summary>
    public string? this[string name] => _facts.GetValueOrDefault(name);

    /// <summary>Side of the images, pixels; null if it is not known.</summary>
    public int? PixelsOfImages => this[ImageSize] is { } size ? int.Parse(size, CultureInfo.InvariantCulture) : null;

    /// <summary>Adds a fact, or a fact for each property of a record; null adds nothing.</summary>
    public PartRecord With(string name, object? value) => JsonSerializer.SerializeToNode(value, BundleJson.Options) switch
    {
        null => this,
        JsonObject record => record.Aggregate(this, (result, property) => result.With($"{name}.{property.Key}", property.Value)),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => new(_facts.SetItem(name, (string)text!)),
        var other => new(_facts.SetItem(name, other.ToJsonString(Compact))),
    };

    /// <summary>The facts of these names alone.</summary>
    public PartRecord Only(params IReadOnlyCollection<string> names) => new(_facts.RemoveRange(_facts.Keys.Where(name => !names.Contains(name))));

    /// <summary>What differs from this record, a line for each fact; the program may be another. A fact that only one of the two knows differs too.</summary>
    public IReadOnlyList<RecordDifference> Differences(PartRecord now) =>
    [
        .. _facts.Keys.Union(now._facts.Keys)
            .Where(name => name != Program && this[name] != now[name])
            .Order(StringComparer.Ordinal)
            .Select(name => new RecordDifference(name, this[name] ?? Unknown, now[name] ?? Unknown)),
    ];

    /// <summary>Returns null for a file without a record, as earlier programs wrote it.</summary>
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
            throw new CheckpointException($"{file.Path}: its record of what it was made from is damaged ({error.Message}). Make the file again.", error);
        }
    }

    private static string ProgramVersion() =>
        typeof(PartRecord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? Unknown;

    private static readonly JsonSerializerOptions Compact = new() { WriteIndented = false };
}

/// <param name="There">Value in the file.</param>
/// <param name="Now">Value in this run.</param>
public sealed record RecordDifference(string Name, string There, string Now)
{
    /// <summary>Whether no setting can bring the two together: weights of one do not fit the other.</summary>
    public bool IsFixed => Name is PartRecord.Tokenizer or PartRecord.ClusterMap || Name.StartsWith(PartRecord.Architecture, StringComparison.Ordinal);

    public override string ToString() => $"{Name}: {There} there, {Now} now";

    /// <summary>The differences as indented lines, after a line break.</summary>
    public static string Lines(IEnumerable<RecordDifference> differences) =>
        string.Concat(differences.Select(difference => $"{Environment.NewLine}  {difference}"));
}
