namespace CtfService.Training.Data;

/// <summary>Formats lists of names for messages.</summary>
public static class NameList
{
    private const int Most = 10;

    /// <summary>Returns the names, or the first ten and the number of the others.</summary>
    public static string Of(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(Most)) + (names.Count > Most ? $" and {names.Count - Most} more" : "");
}
