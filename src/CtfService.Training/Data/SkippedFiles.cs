namespace CtfService.Training.Data;

/// <summary>Files of a data set that were not read for one reason.</summary>
/// <param name="Count">Files and folders; of a folder, what lies in it is not counted.</param>
/// <param name="Names">The first by name, at most <see cref="MostNames"/>: paths inside the data set, some with a detail in brackets.</param>
public sealed record SkippedFiles(string Reason, int Count, IReadOnlyList<string> Names)
{
    public const int MostNames = 3;

    public override string ToString() =>
        $"{string.Join(", ", Names)}{(Count > Names.Count ? $" and {Count - Names.Count} more" : "")}: {Reason}";
}
