namespace CtfService.Training.Data;

/// <summary>Formats lists of names for messages.</summary>
public static class NameList
{
    private const int Max = 10;

    /// <summary>Returns the names, or the first ten and the number of the others.</summary>
    public static string Of(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(Max)) + (names.Count > Max ? $" and {names.Count - Max} more" : "");
}
