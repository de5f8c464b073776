using System.Globalization;
using System.Text.Json;

namespace CtfService.Training.Data.Labels;

/// <summary>The file beside a data set that lists its class names.</summary>
internal static class ClassNamesFile
{
    /// <summary>Names of the file, in order of preference.</summary>
    private static readonly string[] FileNames = ["classes.json", "dataset.json"];

    /// <summary>Fields of an object that hold the list.</summary>
    private static readonly string[] Lists = ["classes", "class_names", "names"];

    private const long MaxLength = 64 << 20;

    /// <summary>Returns the class names that a file in the folder lists; the position is the class id.</summary>
    /// <returns>Null if there is no such file, or a <c>dataset.json</c> without class names.</returns>
    /// <exception cref="DatasetException">The file is damaged, or its list has gaps.</exception>
    public static IReadOnlyList<string>? Find(string folder)
    {
        foreach (var path in PathsIn(folder))
        {
            if (Read(path) is { } names)
            {
                return names;
            }
        }

        return null;
    }

    /// <summary>Returns the paths of the files that may list class names.</summary>
    public static IEnumerable<string> PathsIn(string folder) => FileNames.Select(name => Path.Combine(folder, name)).Where(File.Exists);

    private static List<string>? Read(string path)
    {
        if (new FileInfo(path).Length is var length && length > MaxLength)
        {
            throw new DatasetException($"'{path}' has {length} bytes; expected a list of class names of at most {MaxLength} bytes.");
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Names(document.RootElement)?.Select(ClassName.Composed).ToList();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new DatasetException(
                $"'{path}' does not list class names: {exception.Message} "
                + """Expected an array of names, such as ["apple", "pear"], or an object such as {"0": "apple", "1": "pear"}.""",
                exception);
        }
    }

    private static IEnumerable<string>? Names(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Array => json.EnumerateArray().Select(NameOf).ToList(),
        JsonValueKind.Object when Lists.FirstOrDefault(field => json.TryGetProperty(field, out _)) is { } list => Names(json.GetProperty(list)),
        JsonValueKind.Object => ById(json),
        _ => throw new FormatException("It is neither an array nor an object."),
    };

    private static string NameOf(JsonElement item)
    {
        var name = item.ValueKind == JsonValueKind.Object
            ? item.EnumerateObject().FirstOrDefault(field => field.Name is "name" or "label" or "class_label").Value
            : item;
        return name.ValueKind == JsonValueKind.String ? name.GetString()! : throw new FormatException($"'{item}' is not the name of a class.");
    }

    /// <summary>Reads <c>{"0": "apple"}</c> or <c>{"apple": 0}</c>; returns null for an object of something else.</summary>
    private static List<string>? ById(JsonElement json)
    {
        var byId = new SortedDictionary<int, string>();
        foreach (var field in json.EnumerateObject())
        {
            var (id, name) = field.Value.ValueKind switch
            {
                JsonValueKind.String when int.TryParse(field.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var key) =>
                    (key, field.Value.GetString()!),
                JsonValueKind.Number when field.Value.TryGetInt32(out var value) => (value, field.Name),
                _ => (-1, ""),
            };
            if (id < 0)
            {
                return null;
            }

            if (!byId.TryAdd(id, name))
            {
                throw new FormatException($"Two classes have the id {id}.");
            }
        }

        return byId.Count == 0 ? null
            : byId.Keys.Last() == byId.Count - 1 ? [.. byId.Values]
            : throw new FormatException($"Its ids are not 0 to {byId.Count - 1}.");
    }
}
