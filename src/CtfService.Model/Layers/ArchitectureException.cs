namespace CtfService.Model.Layers;

/// <summary>The exception for a model whose sizes are out of range or do not match each other.</summary>
public sealed class ArchitectureException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">All problems, each with its value and what was expected.</param>
    public ArchitectureException(string message)
        : base(message)
    {
    }

    /// <summary>Throws if there are problems.</summary>
    /// <exception cref="ArchitectureException">There is at least one problem.</exception>
    public static void ThrowIfAny(IEnumerable<string> problems)
    {
        List<string> found = [.. problems];
        if (found.Count > 0)
        {
            throw new ArchitectureException($"{string.Join("; ", found)}.");
        }
    }
}
