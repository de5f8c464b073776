using System.Text.Json;

namespace CtfService.Model.Conversion;

/// <summary>
/// The 1,000 classes of ILSVRC-2012 in the order that models use (ascending WordNet ids), so that converted models accept names. Three short names stand for
/// two classes each (crane, cardigan, maillot); these carry their WordNet id.
/// </summary>
public static class ImageNetClasses
{
    public const int Count = 1000;

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly Lazy<IReadOnlyList<Entry>> Entries = new(Read);

    /// <summary>Unique names, in order of the ids.</summary>
    public static IReadOnlyList<string> Names => [.. Entries.Value.Select(entry => entry.Name)];

    /// <summary>Synsets, in order of the ids.</summary>
    public static IReadOnlyList<string> WordNetIds => [.. Entries.Value.Select(entry => entry.WordNetId)];

    private static IReadOnlyList<Entry> Read()
    {
        using var stream = typeof(ImageNetClasses).Assembly.GetManifestResourceStream("imagenet-1k-classes.json")!;
        var classes = JsonSerializer.Deserialize<List<Entry>>(stream, Options)!;
        var uses = classes.CountBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        return [.. classes.Select(entry => uses[entry.Name] == 1 ? entry : entry with { Name = $"{entry.Name}_{entry.WordNetId}" })];
    }

    private sealed record Entry(int Id, [property: System.Text.Json.Serialization.JsonPropertyName("wordnet_id")] string WordNetId, string Name);
}
