using CtfService.Core.Classes;

namespace CtfService.Api.Errors;

/// <summary>Describes an unknown field and suggests the field that was probably meant.</summary>
internal static class UnknownFields
{
    private const int MostSuggestions = 2;

    /// <summary>Minimum length of a name that is checked for typing errors, letters.</summary>
    private const int ShortestMisspelt = 4;

    /// <param name="known">Every known field, in the order to list them.</param>
    public static string Describe(string unknown, IReadOnlyList<string> known) =>
        $"Unknown field '{unknown}'.{Suggest(unknown[(unknown.LastIndexOf('.') + 1)..], known)} Known fields are {string.Join(", ", known)}.";

    /// <summary>
    /// Suggests fields with a similar spelling, or else those that contain the name as a word: "classLabel" and "label" both suggest class_label.
    /// </summary>
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
