namespace CtfService.Jobs.Databases;

/// <summary>The folder of a SQLite file that does not exist yet.</summary>
internal static class SqliteFolder
{
    /// <summary>Checks that a folder can be written to, or can be created. Leaves nothing behind.</summary>
    /// <exception cref="IOException">A part of the path is a file, or the disk does not take a file.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not write there.</exception>
    public static void RequireWritable(string folder)
    {
        var parent = folder;
        while (!Directory.Exists(parent) && Path.GetDirectoryName(parent) is { } above)
        {
            if (File.Exists(parent))
            {
                throw new IOException($"{parent} is a file, not a folder");
            }

            parent = above;
        }

        using var probe = new FileStream(
            Path.Combine(parent, $".{Path.GetRandomFileName()}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        probe.WriteByte(0);
        probe.Flush();
    }
}
