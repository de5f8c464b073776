using System.Globalization;
using System.Text.Json;

namespace CtfService.Training.Data.Labels;

/// <summary>
/// Class names as JSON: an array, an object of ids and names, an object of keys and names, or ImageNet's <c>imagenet_class_index.json</c>,
/// <c>{"0": ["n01440764", "tench"]}</c>.
/// </summary>
internal static class ClassNamesJson
{
    /// <summary>Fields of an object that hold the list.</summary>
    private static readonly string[] Lists = ["classes", "class_names", "names"];

    /// <returns>Null for an object of something else.</returns>
    /// <exception cref="FormatException">The list has gaps, or an item is not a name.</exception>
    /// <exception cref="JsonException">The file is not JSON.</exception>
    public static IReadOnlyList<ListedClass>? Read(byte[] file)
    {
        using var document = JsonDocument.Parse(file);
        return Names(document.RootElement);
    }

    private static IReadOnlyList<ListedClass>? Names(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => [.. json.EnumerateArray().Select(item => new ListedClass(null, NameOf(item)))],
        JsonValueKind.Object when Lists.FirstOrDefault(field => json.TryGetProperty(field, out _)) is { } list => Names(json.GetProperty(list)),
        JsonValueKind.Object => ById(json) ?? ByKey(json),
        _ => throw new FormatException("It is neither an array nor an object."),
    };

    private static string NameOf(JsonElement item)
    {
        var name = item.ValueKind == JsonValueKind.Object
            ? item.EnumerateObject().FirstOrDefault(field => field.Name is "name" or "label" or "class_label").Value
            : item;
        return name.ValueKind == JsonValueKind.String ? name.GetString()! : throw new FormatException($"'{item}' is not the name of a class.");
    }

    /// <summary>Reads <c>{"0": "apple"}</c>, <c>{"apple": 0}</c> or <c>{"0": ["n01440764", "tench"]}</c>; returns null for another object.</summary>
    private static List<ListedClass>? ById(JsonElement json)
    {
        var byId = new SortedDictionary<int, ListedClass>();
        foreach (var field in json.EnumerateObject())
        {
            var isId = int.TryParse(field.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var key);
            var (id, listed) = field.Value.ValueKind switch
            {
                JsonValueKind.String when isId => (key, new ListedClass(null, field.Value.GetString()!)),
                JsonValueKind.Number when field.Value.TryGetInt32(out var value) => (value, new ListedClass(null, field.Name)),
                JsonValueKind.Array when isId && field.Value.GetArrayLength() == 2 => (key, new ListedClass(
                    NameOf(field.Value[0]), NameOf(field.Value[1]).Replace('_', ' '))),
                _ => (-1, new ListedClass(null, "")),
            };
            if (id < 0)
            {
                return null;
            }

            if (!byId.TryAdd(id, listed))
            {
                throw new FormatException($"Two classes have the id {id}.");
            }
        }

        return byId.Count == 0 ? null
            : byId.Keys.Last() == byId.Count - 1 ? [.. byId.Values]
            : throw new FormatException($"Its ids are not 0 to {byId.Count - 1}.");
    }

    /// <summary>Reads <c>{"n01440764": "tench"}</c>, in the order of the keys; returns null unless all keys are WordNet ids.</summary>
    private static List<ListedClass>? ByKey(JsonElement json)
    {
        var fields = json.EnumerateObject().ToList();
        return fields.Count > 0 && fields.TrueForAll(field => IsWordNetId(field.Name) && field.Value.ValueKind == JsonValueKind.String)
            ? [.. fields.OrderBy(field => field.Name, StringComparer.Ordinal).Select(field => new ListedClass(field.Name, field.Value.GetString()!))]
            : null;
    }

    private static bool IsWordNetId(string text) => text is ['n', ..] && text.Length == 9 && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;
}
