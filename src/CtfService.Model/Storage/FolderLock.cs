namespace CtfService.Model.Storage;

/// <summary>
/// Keeps other processes from writing to a folder until it is disposed. The system releases it when the process ends, even by a crash. The file <c>lock</c>
/// stays behind and has no meaning by itself.
/// </summary>
public sealed class FolderLock : IDisposable
{
    private const string FileName = "lock";

    // Result codes of FileStream if another process has the file open: EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static readonly int[] InUse = [11, 35, unchecked((int)0x80070020)];

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Locks the folder, which is created if it does not exist. Returns null if another process holds the lock.</summary>
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

    /// <param name="option">The command-line option that names the folder, such as <c>--run</c>.</param>
    /// <exception cref="IOException">Another process holds the lock.</exception>
    public static FolderLock Take(string folder, string option) => TryTake(folder)
        ?? throw new IOException($"'{folder}' is in use by another process. Wait until it ends, stop it, or choose another folder with {option}.");

    public void Dispose() => _file.Dispose();
}
