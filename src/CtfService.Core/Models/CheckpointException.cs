namespace CtfService.Core.Models;

/// <summary>A weight file or bundle is missing, damaged, or does not fit what is loaded from it.</summary>
public sealed class CheckpointException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>
    /// True if the storage did not deliver the file (missing, I/O error, no access), so that another attempt may succeed. False, the default, if the
    /// content is wrong: a damaged file stays damaged.
    /// </summary>
    public bool IsTransient { get; init; }

    /// <summary>Returns the exception for a file or folder that the storage did not deliver.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="error">The error of the file system.</param>
    public static CheckpointException Unreadable(string path, Exception error) =>
        new($"{path}: cannot be read ({error.Message}).", error) { IsTransient = true };
}
