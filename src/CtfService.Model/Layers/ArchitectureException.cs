namespace CtfService.Model.Layers;

/// <summary>A model's sizes do not fit together, or are out of their ranges.</summary>
public sealed class ArchitectureException : ArgumentException
{
    /// <param name="message">Every problem, each with its value and what was expected.</param>
    public ArchitectureException(string message)
        : base(message)
    {
    }

    /// <exception cref="ArchitectureException">There are problems.</exception>
    public static void ThrowIfAny(IEnumerable<string> problems)
    {
        List<string> found = [.. problems];
        if (found.Count > 0)
        {
            throw new ArchitectureException($"{string.Join("; ", found)}.");
        }
    }
}
