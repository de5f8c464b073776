namespace CtfService.Cli.Shell;

/// <summary>Options that contradict each other, or the files that they name. Reported like a malformed option, with a pointer to the help.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <exception cref="UsageException">There are problems; the message has one line for each.</exception>
    public static void ThrowIfAny(IEnumerable<string?> problems)
    {
        List<string> found = [.. problems.OfType<string>()];
        if (found.Count > 0)
        {
            throw new UsageException(string.Join(Environment.NewLine, found.Select(problem => $"{problem}.")));
        }
    }
}
