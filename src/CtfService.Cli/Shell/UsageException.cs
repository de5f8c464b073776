namespace CtfService.Cli.Shell;

/// <summary>Options that do not fit one another, or do not fit what they name. Reported like a wrong option: the message, then where the help is.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <exception cref="UsageException">There are problems; the message holds all of them, one a line.</exception>
    public static void ThrowIfAny(IEnumerable<string?> problems)
    {
        List<string> found = [.. problems.OfType<string>()];
        if (found.Count > 0)
        {
            throw new UsageException(string.Join(Environment.NewLine, found.Select(problem => $"{problem}.")));
        }
    }
}
