using System.Text.RegularExpressions;

namespace CtfService.Core.Classes;

/// <summary>
/// Finds the classes that a sentence names. A class has each of the names between the commas of its label, in singular and plural, with compounds in one
/// word or two. A lookup takes time proportional to the words of the sentence, independent of the number of classes.
/// </summary>
internal sealed partial class ClassPhrases
{
    /// <summary>Minimum length of a name that may be misspelt. Shorter names are close to other words: "horse" is not a misspelt "house".</summary>
    private const int ShortestMisspelt = 6;

    /// <summary>Length from which a name may have two wrong letters.</summary>
    private const int LengthForTwoFaults = 9;

    private readonly Dictionary<string, List<ClassLabel>> _byKey = [];
    private readonly ILookup<char, string> _keysByFirst;
    private readonly int _mostWords;

    public ClassPhrases(IEnumerable<ClassLabel> labels)
    {
        foreach (var label in labels)
        {
            foreach (var words in label.Name.Split(',').Select(name => Words(WordNetId().Replace(name, " "))).Where(words => words.Length > 0))
            {
                _mostWords = Math.Max(_mostWords, words.Length + 1); // a compound may be written in two
                foreach (var key in Variants(words).Prepend(string.Concat(words)))
                {
                    Add(key, label);
                }
            }
        }

        _keysByFirst = _byKey.Keys.ToLookup(key => key[0]);
    }

    /// <summary>
    /// Returns the classes that the sentence names, in the order of their ids. A name inside a longer one does not count: "tiger shark" does not name
    /// "tiger".
    /// </summary>
    public IReadOnlyList<ClassLabel> FindIn(string sentence)
    {
        var words = Words(sentence);
        var found = new List<ClassLabel>();
        for (var start = 0; start < words.Length;)
        {
            var length = Math.Min(_mostWords, words.Length - start);
            List<ClassLabel> named = [];
            while (length > 0 && (named = Named(words.AsSpan(start, length))).Count == 0)
            {
                length--;
            }

            found.AddRange(named);
            start += Math.Max(1, length);
        }

        return InOrder(found);
    }

    /// <summary>Returns the classes whose names are closest to one or more words of the sentence, if they are close enough to be misspelt.</summary>
    public IReadOnlyList<ClassLabel> FindMisspelt(string sentence)
    {
        var words = Words(sentence);
        var closest = (
            from length in Enumerable.Range(1, _mostWords)
            from start in Enumerable.Range(0, Math.Max(0, words.Length - length + 1))
            let written = words.AsSpan(start, length).ToArray()
            from spelling in Variants(written).Prepend(string.Concat(written)).Distinct()
            from key in _keysByFirst[spelling[0]]
            where key.Length >= ShortestMisspelt
            let limit = key.Length < LengthForTwoFaults ? 1 : 2
            let distance = EditDistance.Between(spelling, key, limit)
            where distance <= limit
            group key by distance into keys
            orderby keys.Key
            select keys).FirstOrDefault();
        return closest is null ? [] : InOrder(closest.SelectMany(key => _byKey[key]));
    }

    private List<ClassLabel> Named(ReadOnlySpan<string> words)
    {
        if (_byKey.TryGetValue(string.Concat(words), out var exact))
        {
            return exact;
        }

        return [.. Variants(words.ToArray()).SelectMany(key => _byKey.GetValueOrDefault(key) ?? [])];
    }

    /// <summary>Returns the words with the last one in the singular.</summary>
    private static IEnumerable<string> Variants(string[] words)
    {
        var first = string.Concat(words[..^1]);
        return EnglishPlural.Singulars(words[^1]).Select(singular => first + singular);
    }

    private void Add(string key, ClassLabel label)
    {
        var labels = _byKey.TryGetValue(key, out var known) ? known : _byKey[key] = [];
        if (!labels.Contains(label))
        {
            labels.Add(label);
        }
    }

    private static IReadOnlyList<ClassLabel> InOrder(IEnumerable<ClassLabel> labels) => [.. labels.Distinct().OrderBy(label => label.Id)];

    /// <summary>Returns the words of a text in upper case, without punctuation.</summary>
    private static string[] Words(string text) =>
        new string([.. text.Select(letter => char.IsLetterOrDigit(letter) ? letter : ' ')]).ToUpperInvariant()
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Matches the WordNet id that distinguishes classes of one name in a label such as <c>crane_n02012849</c>; sentences do not contain it.
    /// </summary>
    [GeneratedRegex(@"(?<=[ _-])n\d{8}\b")]
    private static partial Regex WordNetId();
}
