namespace CtfService.Training.Data;

/// <summary>Files of a data set that were skipped for one reason.</summary>
/// <param name="Count">Number of files and folders; the content of a skipped folder is not counted.</param>
/// <param name="Names">The first <see cref="MaxNames"/> paths inside the data set by name, some with a detail in parentheses.</param>
public sealed record SkippedFiles(string Reason, int Count, IReadOnlyList<string> Names)
{
    public const int MaxNames = 3;

    public override string ToString() =>
        $"{string.Join(", ", Names)}{(Count > Names.Count ? $" and {Count - Names.Count} more" : "")}: {Reason}";
}
