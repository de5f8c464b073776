using System.Text;

namespace CtfService.Jobs.Store;

/// <summary>
/// Makes texts of errors fit for a row: they may repeat what a user sent, at any length, and contain what PostgreSQL cannot store (NUL, half surrogates).
/// </summary>
internal static class BoundedText
{
    /// <summary>Longest text, characters.</summary>
    public const int MaxLength = 1_000;

    private const string Cut = "...";

    public static string Of(string text)
    {
        var bounded = new StringBuilder();
        foreach (var rune in text.EnumerateRunes()) // unpaired surrogates appear as U+FFFD
        {
            if (bounded.Length + rune.Utf16SequenceLength > MaxLength - Cut.Length && text.Length > MaxLength)
            {
                return bounded.Append(Cut).ToString();
            }

            bounded.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return bounded.ToString();
    }
}
