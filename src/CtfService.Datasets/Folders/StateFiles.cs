namespace CtfService.Datasets.Folders;

/// <summary>Paths of the files that exist only until a data set is complete. Their folder is hidden, so that it is not taken for a class.</summary>
internal static class StateFiles
{
    private const string FolderName = ".ctf-dataset";

    public static string Folder(string dataset) => Path.Combine(dataset, FolderName);

    /// <summary>Returns the path of the plan that was started.</summary>
    public static string Plan(string dataset) => Path.Combine(Folder(dataset), "plan.json");

    /// <summary>Returns the path of the images of a shard that is not complete.</summary>
    public static string Journal(string dataset, int shard) => Path.Combine(Folder(dataset), FormattableString.Invariant($"{shard:000000}.journal"));

    /// <summary>Returns the path of the record of a complete shard.</summary>
    public static string Record(string dataset, int shard) => Path.Combine(Folder(dataset), FormattableString.Invariant($"{shard:000000}.json"));
}
