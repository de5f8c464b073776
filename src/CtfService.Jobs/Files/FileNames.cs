using System.Text.RegularExpressions;

namespace CtfService.Jobs.Files;

/// <summary>
/// Names of stored files, such as <c>jobs/batch_1/000007.jsonl</c>: components of letters, digits, dots, hyphens and underscores, separated by slashes. No
/// component starts with a dot, so a name cannot leave the store, and stores keep their own files under such components.
/// </summary>
internal static partial class FileNames
{
    /// <summary>In characters. With a prefix, names stay below the 1,024 bytes of an S3 key.</summary>
    private const int MaxLength = 512;

    /// <exception cref="ArgumentException">The name is invalid.</exception>
    public static void Require(string name)
    {
        if (name.Length > MaxLength || !Name().IsMatch(name))
        {
            throw new ArgumentException(
                $"'{name}' is not a name of a stored file; expected at most {MaxLength} characters: components of at most 200 letters, digits, dots, hyphens "
                + "and underscores that do not start with a dot, separated by slashes.",
                nameof(name));
        }
    }

    /// <exception cref="ArgumentException">No name starts with the prefix.</exception>
    public static void RequirePrefix(string prefix)
    {
        if (prefix.Length > 0)
        {
            Require(prefix + "x");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199})*\z")]
    private static partial Regex Name();
}
