using CtfService.Core.Classes;

namespace CtfService.Api.Errors;

/// <summary>What to say of a field that a request does not have.</summary>
internal static class KnownFields
{
    private const int MostSuggestions = 2;

    /// <summary>Letters.</summary>
    private const int ShortestMisspelt = 4;

    /// <param name="known">In the order to show them.</param>
    public static string Describe(string unknown, IReadOnlyList<string> known) =>
        $"Unknown field '{unknown}'.{Suggest(unknown[(unknown.LastIndexOf('.') + 1)..], known)} Known fields are {string.Join(", ", known)}.";

    /// <summary>Fields that are written alike, or else those that have the text as one of their words: "classLabel" and "label" are class_label.</summary>
    private static string Suggest(string unknown, IReadOnlyList<string> known)
    {
        var folded = Fold(unknown);
        var allowed = folded.Length < ShortestMisspelt ? 0 : 1;
        var alike = known.GroupBy(field => EditDistance.Between(folded, Fold(field), allowed))
            .Where(fields => fields.Key <= allowed).MinBy(fields => fields.Key);
        string[] close = [.. alike ?? known.Where(field => field.Split('_').Any(word => Fold(word) == folded))];
        return close.Length is 0 or > MostSuggestions ? "" : $" Did you mean {string.Join(" or ", close.Select(field => $"'{field}'"))}?";
    }

    private static string Fold(string name) => name.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToUpperInvariant();
}
