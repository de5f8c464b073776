using System.Security.Cryptography;

namespace CtfService.Jobs.Work;

/// <summary>Names of jobs and files that nobody can guess.</summary>
public static class JobIds
{
    private const int RandomBytes = 16;

    /// <summary>Returns a prefix and 32 random hexadecimal digits.</summary>
    /// <param name="prefix">Such as <c>batch_</c>.</param>
    public static string New(string prefix) => prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>Returns false for a text that is the id of nothing: it has characters that no id has, among them those that a database may refuse.</summary>
    internal static bool IsPossible(string id) => id.All(character => character is > ' ' and <= '~');
}
