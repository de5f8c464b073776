using System.CommandLine;

namespace CtfService.Cli.Commands.Options;

/// <summary><c>--overwrite</c>: replaces what an earlier command left and what took long to make.</summary>
internal static class OverwriteOption
{
    public static Option<bool> Create() => new("--overwrite") { Description = "Replace what is there already." };

    /// <summary>To be called before the work begins.</summary>
    /// <param name="option">Names the file or folder on the command line.</param>
    /// <exception cref="IOException">There is a file of that name, or a folder with something in it, and it may not be replaced.</exception>
    public static void RequireFree(string option, string path, bool overwrite)
    {
        if (!overwrite && (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())))
        {
            throw new IOException($"{option}: '{path}' is there already. Give another name, or add --overwrite to replace it.");
        }
    }
}
