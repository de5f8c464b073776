namespace CtfService.Training.Data;

/// <summary>Names in a message.</summary>
public static class NameList
{
    private const int Most = 10;

    /// <summary>The names, or the first ten and how many more there are.</summary>
    public static string Of(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(Most)) + (names.Count > Most ? $" and {names.Count - Most} more" : "");
}
