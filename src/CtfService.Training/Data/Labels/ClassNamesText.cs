using System.Text;
using System.Text.RegularExpressions;

namespace CtfService.Training.Data.Labels;

/// <summary>
/// Class names as text: a name on each line, or a key and a name. Keys are separated by a tab, or are WordNet ids, as in ImageNet's
/// <c>LOC_synset_mapping.txt</c>, <c>synset_words.txt</c> and <c>words.txt</c>.
/// </summary>
internal static partial class ClassNamesText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="FormatException">The file is not UTF-8, or it has no names, or some lines have a key and others have none.</exception>
    public static IReadOnlyList<ListedClass> Read(ReadOnlySpan<byte> file)
    {
        string text;
        try
        {
            text = Strict.GetString(file).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException exception)
        {
            throw new FormatException("It is not text in UTF-8.", exception);
        }

        string[] lines = [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        if (lines.Length == 0)
        {
            throw new FormatException("It has no lines.");
        }

        List<ListedClass> keyed = [.. lines.Select(line => WithKey().Match(line)).Where(match => match.Success).Select(Keyed)];
        return keyed.Count == lines.Length ? keyed
            : keyed.Count == 0 ? [.. lines.Select(line => new ListedClass(null, line))]
            : throw new FormatException($"{keyed.Count} of its {lines.Length} lines have a key before the name; expected all or none.");
    }

    private static ListedClass Keyed(Match line) =>
        new(line.Groups["key"].Value, line.Groups["map"].Success ? line.Groups["map"].Value.Replace('_', ' ') : FirstSynonym(line.Groups["name"].Value));

    /// <summary>Returns <c>tench</c> for <c>tench, Tinca tinca</c>.</summary>
    private static string FirstSynonym(string names) => names.Split(',')[0].Trim();

    /// <summary>Matches <c>n01440764 tench, Tinca tinca</c>, <c>n02119789 1 kit_fox</c> (map_clsloc.txt) and <c>key, a tab, name</c>.</summary>
    [GeneratedRegex(@"^(?:(?<key>n\d{8})\s+\d+\s+(?<map>\S+)|(?<key>n\d{8})\s+(?<name>\S.*)|(?<key>[^\t]*[^\t\s])\s*\t\s*(?<name>\S.*))$")]
    private static partial Regex WithKey();
}
