namespace CtfService.Core.Classes;

/// <summary>Singular forms of English words. Words are in upper case.</summary>
internal static class EnglishPlural
{
    private static readonly Dictionary<string, string> Irregular = new()
    {
        ["CHILDREN"] = "CHILD",
        ["FEET"] = "FOOT",
        ["GEESE"] = "GOOSE",
        ["MEN"] = "MAN",
        ["MICE"] = "MOUSE",
        ["OXEN"] = "OX",
        ["TEETH"] = "TOOTH",
        ["WOMEN"] = "WOMAN",
    };

    /// <summary>Returns the possible singulars of a word: none for most words, two for some (<c>LEAVES</c>: <c>LEAVE</c>, <c>LEAF</c>).</summary>
    public static IEnumerable<string> Singulars(string word)
    {
        if (Irregular.TryGetValue(word, out var singular))
        {
            return [singular];
        }

        if (word.Length < 4 || word[^1] != 'S' || word.EndsWith("SS", StringComparison.Ordinal))
        {
            return [];
        }

        var stem = word[..^1];
        return stem switch
        {
            _ when Ends(stem, "IE") => [stem, $"{stem[..^2]}Y"], // cookies, cherries
            _ when Ends(stem, "VE") => [stem, $"{stem[..^2]}F", $"{stem[..^2]}FE"], // olives, leaves, knives
            _ when Ends(stem, "CHE", "SHE", "SE", "XE", "ZE", "OE") => [stem, stem[..^1]], // peaches, noses, buses, potatoes
            _ => [stem],
        };
    }

    private static bool Ends(string word, params ReadOnlySpan<string> endings)
    {
        foreach (var ending in endings)
        {
            if (word.EndsWith(ending, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
