using System.CommandLine;

namespace CtfService.Cli.Commands.Options;

/// <summary>Option <c>--overwrite</c>: replaces the result of an earlier command.</summary>
internal static class OverwriteOption
{
    public static Option<bool> Create() => new("--overwrite") { Description = "Replace existing files." };

    /// <summary>Checks that the path is free or may be replaced. Call it before the work begins.</summary>
    /// <param name="option">The option that names the file or folder.</param>
    /// <exception cref="IOException">The file exists, or the folder is not empty, and must not be replaced.</exception>
    public static void RequireFree(string option, string path, bool overwrite)
    {
        if (!overwrite && (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())))
        {
            throw new IOException($"{option}: '{path}' already exists. Choose another name, or add --overwrite to replace it.");
        }
    }
}
