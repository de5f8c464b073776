using System.Text.Json;

namespace CtfService.Training.Data.Labels;

/// <summary>A file that lists class names: a line for each class, or JSON.</summary>
internal static class ClassNamesFile
{
    /// <summary>Names of the file beside a data set, in order of preference.</summary>
    private static readonly string[] FileNames = ["classes.json", "dataset.json", "classes.txt"];

    private const long MaxLength = 64 << 20;

    private const string Expected = "Expected text with a name, or a key and a name such as 'n01440764 tench', on each line, "
        + """or JSON: an array of names, such as ["apple", "pear"], or an object such as {"0": "apple", "1": "pear"}.""";

    /// <summary>Returns the class names that a file in the folder lists.</summary>
    /// <returns>Null if there is no such file, or a <c>dataset.json</c> without class names.</returns>
    /// <exception cref="DatasetException">The file is damaged, or its list has gaps.</exception>
    public static ClassNameList? Find(string folder)
    {
        foreach (var path in PathsIn(folder))
        {
            if (TryRead(path) is { } names)
            {
                return names;
            }
        }

        return null;
    }

    /// <summary>Returns the paths of the files that may list class names.</summary>
    public static IEnumerable<string> PathsIn(string folder) => FileNames.Select(name => Path.Combine(folder, name)).Where(File.Exists);

    /// <summary>Reads a file that the user names.</summary>
    /// <exception cref="DatasetException">The file does not exist, or it does not list class names.</exception>
    public static ClassNameList Read(string path) =>
        !File.Exists(path) ? throw new DatasetException($"There is no file of class names at '{path}'. {Expected}")
        : TryRead(path) ?? throw new DatasetException($"'{path}' does not list class names. {Expected}");

    private static ClassNameList? TryRead(string path)
    {
        if (new FileInfo(path).Length is var length && length > MaxLength)
        {
            throw new DatasetException($"'{path}' has {length} bytes; expected a list of class names of at most {MaxLength} bytes.");
        }

        try
        {
            var file = File.ReadAllBytes(path);
            var isJson = Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase) || file is [(byte)'[' or (byte)'{', ..];
            var listed = isJson ? ClassNamesJson.Read(file) : ClassNamesText.Read(file);
            return listed is null ? null : ListOf(path, listed);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new DatasetException($"'{path}' does not list class names: {exception.Message} {Expected}", exception);
        }
    }

    private static ClassNameList ListOf(string path, IReadOnlyList<ListedClass> listed)
    {
        var keys = listed.All(item => item.Key is not null) ? listed.Select(item => ClassName.Composed(item.Key!)).ToList() : null;
        var names = listed.Select(item => ClassName.Composed(item.Name)).ToList();
        if (keys is not null)
        {
            // ImageNet has two classes 'crane' and two 'maillot'; their keys tell them apart.
            var twice = names.CountBy(name => name, StringComparer.Ordinal).Where(name => name.Value > 1).Select(name => name.Key).ToHashSet();
            names = [.. names.Zip(keys, (name, key) => twice.Contains(name) ? $"{name} ({key})" : name)];
        }

        var repeated = (keys ?? names).CountBy(key => key, StringComparer.Ordinal).FirstOrDefault(key => key.Value > 1).Key;
        return repeated is null
            ? new ClassNameList(path, names, keys)
            : throw new DatasetException($"'{path}' has '{repeated}' twice. Give each class its own name.");
    }
}

/// <param name="Key">What stands for the class in a data set; null if that is the name.</param>
internal sealed record ListedClass(string? Key, string Name);
