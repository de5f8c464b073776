using System.Globalization;
using System.Text.RegularExpressions;

namespace CtfService.Training.Data.Formats;

/// <summary>A path with a range of numbers in braces, such as <c>name-{000000..000003}.tar</c>, as WebDataset names shards.</summary>
internal static partial class BracePattern
{
    private const int MaxFiles = 100_000;

    /// <summary>Returns the paths, the first number first; null if the path has no range.</summary>
    /// <exception cref="DatasetException">The range is empty or too long.</exception>
    public static IReadOnlyList<string>? Expand(string path)
    {
        if (Range().Match(path) is not { Success: true } range)
        {
            return null;
        }

        var (first, last) = (range.Groups["first"].Value, range.Groups["last"].Value);
        var (start, end) = (long.Parse(first, CultureInfo.InvariantCulture), long.Parse(last, CultureInfo.InvariantCulture));
        if (end < start || end - start >= MaxFiles)
        {
            throw new DatasetException($"'{path}' names the files {first} to {last}; expected a range that rises, of at most {MaxFiles} files.");
        }

        var digits = FormattableString.Invariant($"D{first.Length}");
        return [.. Enumerable.Range(0, (int)(end - start) + 1)
            .Select(i => path[..range.Index] + (start + i).ToString(digits, CultureInfo.InvariantCulture) + path[(range.Index + range.Length)..])];
    }

    [GeneratedRegex(@"\{(?<first>\d{1,15})\.\.(?<last>\d{1,15})\}")]
    private static partial Regex Range();
}
