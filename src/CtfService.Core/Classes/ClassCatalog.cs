using System.Globalization;

namespace CtfService.Core.Classes;

/// <summary>A class that a model can draw.</summary>
/// <param name="Id">Index in the model's class table, 0..classes-1.</param>
/// <param name="Name">Unique name, compared case-insensitively; spaces, hyphens and underscores are equivalent.</param>
/// <param name="WordNetId">Synset of an ImageNet class, such as <c>n01440764</c>; null for other classes.</param>
public sealed record ClassLabel(int Id, string Name, string? WordNetId = null);

/// <summary>The classes of a model, found by index or by name.</summary>
public sealed class ClassCatalog
{
    /// <summary>Maximum length in characters of a name that is compared by edit distance; the cost per class is the product of both lengths.</summary>
    private const int LongestMisspeltName = 64;

    private readonly Dictionary<string, ClassLabel> _byName;
    private readonly Lazy<IReadOnlyList<string>> _fileNames;
    private readonly ClassPhrases _phrases;

    /// <param name="wordNetIds">One WordNet id for each name, or null.</param>
    /// <exception cref="ArgumentException">Two names are equal after folding, there is no class, or the numbers of names and WordNet ids differ.</exception>
    public ClassCatalog(IReadOnlyList<string> names, IReadOnlyList<string>? wordNetIds = null)
    {
        if (wordNetIds is not null && wordNetIds.Count != names.Count)
        {
            throw new ArgumentException($"{wordNetIds.Count} WordNet ids for {names.Count} classes; expected one each, or none.", nameof(wordNetIds));
        }

        Labels = [.. names.Select((name, id) => new ClassLabel(id, name, wordNetIds?[id]))];
        _fileNames = new Lazy<IReadOnlyList<string>>(() => SafeFileNames.OfAll(names));
        if (Labels.Count == 0)
        {
            throw new ArgumentException("A model needs at least one class.", nameof(names));
        }

        _phrases = new ClassPhrases(Labels);
        _byName = [];
        foreach (var label in Labels)
        {
            if (!_byName.TryAdd(Fold(label.Name), label))
            {
                throw new ArgumentException(
                    $"Class name '{label.Name}' occurs twice; names must differ by more than case, spaces, hyphens and underscores.", nameof(names));
            }
        }

        foreach (var label in Labels.Where(label => label.WordNetId is not null))
        {
            if (!_byName.TryAdd(Fold(label.WordNetId!), label))
            {
                throw new ArgumentException($"WordNet id '{label.WordNetId}' occurs twice or is also a class name.", nameof(wordNetIds));
            }
        }
    }

    /// <summary>All classes in the order of their ids.</summary>
    public IReadOnlyList<ClassLabel> Labels { get; }

    public int Count => Labels.Count;

    /// <summary>Unique file name of each class, by id: its name, with every character replaced that is invalid in file names.</summary>
    public IReadOnlyList<string> FileNames => _fileNames.Value;

    /// <summary>Finds a class by its name or WordNet id, or by its index in digits. Returns null if there is none.</summary>
    public ClassLabel? Find(string nameOrId)
    {
        var folded = Fold(nameOrId);
        if (_byName.TryGetValue(folded, out var label))
        {
            return label;
        }

        return int.TryParse(folded, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? Find(id) : null;
    }

    public ClassLabel? Find(int id) => id >= 0 && id < Labels.Count ? Labels[id] : null;

    /// <summary>
    /// Returns the classes whose name contains the text or whose WordNet id equals it, in the order of their ids; all classes for an empty text.
    /// </summary>
    public IReadOnlyList<ClassLabel> Search(string text)
    {
        var folded = Fold(text);
        return [.. Labels.Where(label =>
            Fold(label.Name).Contains(folded, StringComparison.Ordinal) || string.Equals(label.WordNetId, folded, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>
    /// Returns the classes that a sentence names by whole words, in the order of their ids. Singular and plural are equivalent, and so are compounds in one
    /// word and in two. A name inside a longer name does not count: "red apple" names "red apple", not "apple".
    /// </summary>
    public IReadOnlyList<ClassLabel> FindIn(string sentence) => _phrases.FindIn(sentence);

    /// <summary>
    /// Returns the classes that a sentence may name with one or two letters wrong, in the order of their ids. Call it for a sentence that names no class.
    /// Returns several classes if they are equally close.
    /// </summary>
    public IReadOnlyList<ClassLabel> FindMisspelt(string sentence) => _phrases.FindMisspelt(sentence);

    /// <summary>
    /// Returns the names closest to a misspelt one, best first: those that contain it, are contained in it, or have a small edit distance. A text much
    /// longer than a name is a sentence and is only searched for names.
    /// </summary>
    public IReadOnlyList<string> Suggest(string name, int count = 3)
    {
        var folded = Fold(name);
        var limit = folded.Length > LongestMisspeltName ? 0 : Math.Max(2, folded.Length / 2);
        return [.. Labels
            .Select(label => (label.Name, Distance: Distance(folded, Fold(label.Name), limit)))
            .Where(candidate => candidate.Distance <= limit)
            .OrderBy(candidate => candidate.Distance)
            .Take(count)
            .Select(candidate => candidate.Name)];
    }

    /// <summary>Returns zero if one contains the other.</summary>
    private static int Distance(string left, string right, int limit) =>
        left.Length > 1 && (right.Contains(left, StringComparison.Ordinal) || left.Contains(right, StringComparison.Ordinal)) ? 0
        : limit == 0 ? 1
        : EditDistance.Between(left, right, limit);

    private static string Fold(string name) => name.Trim().Replace(' ', '_').Replace('-', '_').ToUpperInvariant();
}
