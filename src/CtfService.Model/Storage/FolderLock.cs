namespace CtfService.Model.Storage;

/// <summary>
/// Keeps other processes from writing into a folder until it is disposed. The system takes it back when the process ends, however it ends; the file <c>lock</c>
/// that stays behind means nothing.
/// </summary>
public sealed class FolderLock : IDisposable
{
    private const string FileName = "lock";

    // What FileStream throws if another process has the file: EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Returns null if another process has the folder. Makes the folder if it does not exist.</summary>
    public static FolderLock? TryTake(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            return new FolderLock(new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException exception) when (InUse.Contains(exception.HResult))
        {
            return null;
        }
    }

    /// <param name="option">Names the folder on the command line, such as <c>--run</c>.</param>
    /// <exception cref="IOException">Another process has the folder.</exception>
    public static FolderLock Take(string folder, string option) => TryTake(folder)
        ?? throw new IOException($"'{folder}' is in use by another process. Wait until that one ends or stop it, or name another folder with {option}.");

    public void Dispose() => _file.Dispose();
}
