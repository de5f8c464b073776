namespace CtfService.Training.Data.Files;

/// <summary>Names of files and folders that operating and storage systems create: thumbnails, recycle bins, indexes.</summary>
internal static class SystemNames
{
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "@eaDir", "#recycle", "#snapshot", "@tmp",                    // Synology
        "@Recycle", "@Recently-Snapshot",                             // QNAP
        "lost+found",                                                 // ext4
        "__MACOSX", "Icon\r",                                         // macOS
        "Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", // Windows
        "$RECYCLE.BIN", "RECYCLER", "System Volume Information",
        "__pycache__",
    };

    /// <summary>
    /// Returns true for system names and all hidden names: <c>.DS_Store</c>, <c>._cat.png</c>, <c>.ipynb_checkpoints</c>, <c>.Trash-1000</c>.
    /// </summary>
    public static bool Contains(string name) => name.StartsWith('.') || Known.Contains(name);
}
