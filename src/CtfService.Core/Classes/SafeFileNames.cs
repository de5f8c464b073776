using System.Text;

namespace CtfService.Core.Classes;

/// <summary>
/// Names of classes and models as names of files and folders: one path component that every file system takes. Class names may hold anything, such as
/// <c>/a/airfield</c> or <c>../../x</c>; files named after them stay in the folder that the user chose.
/// </summary>
public static class SafeFileNames
{
    private const char Replacement = '_';

    /// <summary>Longest name, UTF-8 bytes: file systems take 255, an ending and a number come after it.</summary>
    private const int MaxBytes = 200;

    /// <summary>Not allowed by Windows, or of a meaning in paths.</summary>
    private const string Forbidden = "/\\:*?\"<>|";

    /// <summary>Devices of Windows, with any ending.</summary>
    private static readonly HashSet<string> Reserved = new(
        ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", .. "0123456789¹²³".SelectMany(digit => new[] { $"COM{digit}", $"LPT{digit}" })],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The name with every character replaced that a file name cannot hold; a name that is sound stays as it is.</summary>
    public static string Of(string name)
    {
        var text = new StringBuilder(name.Length);
        var bytes = 0;
        foreach (var rune in name.Trim().EnumerateRunes()) // halves of a surrogate pair come as U+FFFD
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
        clean = clean.StartsWith('.') ? $"{Replacement}{clean[1..]}" : clean; // hidden, or the folder above
        return clean.Length == 0 || Reserved.Contains(clean.Split('.', 2)[0].TrimEnd()) ? $"{Replacement}{clean}" : clean;
    }

    /// <summary>A file name for each name, all different, also if upper and lower case are the same.</summary>
    /// <returns>In the order of the names. Names that are sound keep themselves; of others that would be the same, later ones get their number.</returns>
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
