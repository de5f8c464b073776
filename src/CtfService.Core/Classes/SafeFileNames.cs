using System.Text;

namespace CtfService.Core.Classes;

/// <summary>
/// Converts names of classes and models to file names: one path component that every file system accepts. Class names may contain anything, such as
/// <c>/a/airfield</c> or <c>../../x</c>; files named after them stay in the folder that the user chose.
/// </summary>
public static class SafeFileNames
{
    private const char Replacement = '_';

    /// <summary>Maximum length in UTF-8 bytes: file systems accept 255, and a number and an extension follow.</summary>
    private const int MaxBytes = 200;

    /// <summary>Characters that Windows forbids or that have a meaning in paths.</summary>
    private const string Forbidden = "/\\:*?\"<>|";

    /// <summary>Windows device names, reserved with any extension.</summary>
    private static readonly HashSet<string> Reserved = new(
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", .. "0123456789¹²³".SelectMany(digit => new[] { $"COM{digit}", $"LPT{digit}" })],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Replaces every character that is invalid in file names. A valid name is unchanged.</summary>
    public static string Of(string name)
    {
        var text = new StringBuilder(name.Length);
        var bytes = 0;
        foreach (var rune in name.Trim().EnumerateRunes()) // unpaired surrogates appear as U+FFFD
        {
            var kept = IsAllowed(rune) ? rune : new Rune(Replacement);
            bytes += kept.Utf8SequenceLength;
            if (bytes > MaxBytes)
            {
                break;
            }

            text.Append(kept);
        }

        var clean = text.ToString().TrimEnd(' ', '.'); // Windows drops them
        clean = clean.StartsWith('.') ? $"{Replacement}{clean[1..]}" : clean; // hidden, or the parent folder
        return clean.Length == 0 || Reserved.Contains(clean.Split('.', 2)[0].TrimEnd()) ? $"{Replacement}{clean}" : clean;
    }

    /// <summary>Returns a file name for each name; all differ, even if case is ignored.</summary>
    /// <returns>
    /// The file names in the order of the names. Valid names are unchanged; of others that would collide, later ones get their index appended.
    /// </returns>
    public static IReadOnlyList<string> OfAll(IReadOnlyList<string> names)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var files = new string[names.Count];
        foreach (var (name, number) in names.Select((name, number) => (name, number)).OrderBy(entry => Of(entry.name) == entry.name ? 0 : 1))
        {
            files[number] = Of(name);
            while (!taken.Add(files[number]))
            {
                files[number] += $"-{number}";
            }
        }

        return files;
    }

    private static bool IsAllowed(Rune rune) =>
        !Rune.IsControl(rune) && rune.Value is not (0x2028 or 0x2029 or 0xFFFD)
            && !(rune.IsAscii && Forbidden.Contains((char)rune.Value, StringComparison.Ordinal));
}
