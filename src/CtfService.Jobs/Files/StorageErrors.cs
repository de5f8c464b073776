namespace CtfService.Jobs.Files;

/// <summary>Describes errors of the file system to an operator.</summary>
internal static class StorageErrors
{
    // HResult of an IOException: the error number of Linux, or the Win32 code.
    private const int NoSpace = 28; // ENOSPC
    private const int OverQuota = 122; // EDQUOT
    private const int ReadOnlyFileSystem = 30; // EROFS
    private const int DiskFull = unchecked((int)0x80070070); // ERROR_DISK_FULL

    /// <summary>Returns true for errors that storage causes; false for errors of the program and cancellation.</summary>
    public static bool IsOfStorage(Exception error) => error is IOException or UnauthorizedAccessException;

    public static FileStoreUnavailableException Describe(string folder, Exception error) => new(
        error switch
        {
            { HResult: NoSpace or DiskFull } => $"The storage folder '{folder}' is full. Free space or enlarge the volume.",
            { HResult: OverQuota } => $"The disk quota of the storage folder '{folder}' is used up. Free space or raise the quota.",
            { HResult: ReadOnlyFileSystem } =>
                $"The storage folder '{folder}' is on a read-only file system. Mount it writable, or set Storage:Folder to a writable folder.",
            UnauthorizedAccessException =>
                $"The storage folder '{folder}' does not grant this process access: {error.Message} "
                + "Give its user the permission to read and write there, or set Storage:Folder to another folder.",
            _ => $"The storage folder '{folder}' does not work: {error.Message} Check that Storage:Folder names a working local folder or mounted volume.",
        },
        error);
}
