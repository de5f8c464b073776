namespace CtfService.Core.Models;

/// <summary>A weight file or bundle is missing, damaged, or does not fit what should be loaded from it.</summary>
public sealed class CheckpointException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>
    /// True if the storage failed to give the file (missing, an input/output error, no access), so that another attempt may succeed. False, the default, if
    /// what was read is wrong: a damaged file stays damaged.
    /// </summary>
    public bool IsTransient { get; init; }

    /// <summary>The storage did not give a file or folder.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="error">What the file system said.</param>
    public static CheckpointException Unreadable(string path, Exception error) =>
        new($"{path}: cannot be read ({error.Message}).", error) { IsTransient = true };
}
