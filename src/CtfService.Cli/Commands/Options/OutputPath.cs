namespace CtfService.Cli.Commands.Options;

/// <summary>Where a command will write: made and tried before the work whose result goes there.</summary>
internal static class OutputPath
{
    /// <summary>Makes the folder if there is none, and tries to write into it.</summary>
    /// <param name="option">The option that names it, for the message.</param>
    /// <exception cref="IOException">It cannot be made or written to.</exception>
    public static string Folder(string option, string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            using var probe = new FileStream(
                Path.Combine(path, $".ctf-{Path.GetRandomFileName()}"),
                FileMode.CreateNew,
                FileAccess.Write,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose);
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new IOException($"{option} is '{path}', and ctf cannot write there: {error.Message} Name a folder that can be written to.", error);
        }
    }

    /// <summary>For a folder that the work will make: tries the folder above it, which is made if there is none.</summary>
    /// <inheritdoc cref="Folder"/>
    public static string NewFolder(string option, string path)
    {
        Folder(option, Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) ?? path);
        return path;
    }

    /// <summary>Makes the folder of the file if there is none, and tries to write into it.</summary>
    /// <inheritdoc cref="Folder"/>
    public static string File(string option, string path)
    {
        if (path.Length == 0 || Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new IOException($"{option} is '{path}', which is a folder; name a file.");
        }

        Folder(option, Path.GetDirectoryName(Path.GetFullPath(path))!);
        return path;
    }
}
