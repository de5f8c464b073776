namespace CtfService.Cli.Commands.Options;

/// <summary>Creates the folder that a command will write to, and tries to write there, before the work begins.</summary>
internal static class OutputPath
{
    /// <summary>Creates the folder if it does not exist, and tries to write into it.</summary>
    /// <param name="option">The option that names the folder, for the message.</param>
    /// <exception cref="IOException">The folder cannot be created or written to.</exception>
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
            throw new IOException($"{option} is '{path}', and ctf cannot write there: {error.Message} Name a writable folder.", error);
        }
    }

    /// <summary>For a folder that the work will create: creates its parent folder if it does not exist, and tries to write into that.</summary>
    /// <inheritdoc cref="Folder"/>
    public static string NewFolder(string option, string path)
    {
        Folder(option, Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) ?? path);
        return path;
    }

    /// <summary>Creates the folder of the file if it does not exist, and tries to write into it.</summary>
    /// <inheritdoc cref="Folder"/>
    public static string File(string option, string path)
    {
        if (path.Length == 0 || Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
        {
            throw new IOException($"{option} is '{path}', which is a folder. Name a file.");
        }

        Folder(option, Path.GetDirectoryName(Path.GetFullPath(path))!);
        return path;
    }
}
