using System.Security.Cryptography;
using System.Text;

namespace CtfService.Jobs.Work;

/// <summary>Names of jobs and files.</summary>
public static class JobIds
{
    private const int Bytes = 16;

    /// <summary>Returns a prefix and 32 random hexadecimal digits, which cannot be guessed.</summary>
    /// <param name="prefix">Such as <c>batch_</c>.</param>
    public static string New(string prefix) => prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Returns a prefix and 32 hexadecimal digits that follow from a text.</summary>
    public static string Of(string prefix, string text) => prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, Bytes));

    /// <summary>Returns false for a text that is the id of nothing: it has characters that no id has, among them those that a database may refuse.</summary>
    internal static bool IsPossible(string id) => id.All(character => character is > ' ' and <= '~');
}
