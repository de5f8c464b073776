using CtfService.Jobs.Work;
using Microsoft.Data.Sqlite;

namespace CtfService.Jobs.Databases;

/// <summary>What to do about errors of the SQLite file.</summary>
internal static class SqliteErrors
{
    private const string GoesOn = "The jobs go on by themselves when it is mended.";

    /// <summary>Locks a SQLite file for this process. Dispose the lock when the file is closed for good; it ends with the process, too.</summary>
    /// <exception cref="JobStoreUnavailableException">Another process uses it.</exception>
    public static FileStream LockFor(string file)
    {
        var name = $"{file}.lock";
        try
        {
            return new FileStream(name, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException) && File.Exists(name))
        {
            throw new JobStoreUnavailableException(
                $"The jobs in {file} belong to another running process. Stop that one, or set Storage:ConnectionString to a PostgreSQL database, "
                + "which several processes can share.",
                exception);
        }
    }

    public static JobStoreUnavailableException Deleted(string file) => new(
        $"The database of the jobs, {file}, was deleted while the service runs. Put it back, with {Path.GetFileName(file)}-wal if there is a copy of it; "
        + "or restart the service to begin without jobs.");

    /// <summary>Returns null if the exception is no failure of the file.</summary>
    public static JobStoreUnavailableException? Describe(Exception exception, string file) => exception switch
    {
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB } => Unavailable(
            exception,
            $"The database of the jobs, {file}, is damaged ({exception.Message}). Stop the service and keep a copy of the file. "
            + $"Then restore a backup, or what can be read: sqlite3 {file} .recover. Without the file, the service starts with no jobs.",
            mayPass: false,
            outlook: null),
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL } => Unavailable(
            exception, $"The disk of {file}, the database of the jobs, is full. Free space there."),
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED } => Unavailable(
            exception, $"Another program holds the database of the jobs, {file}. End it."),
        SqliteException
        {
            SqliteErrorCode: SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_PERM
            or SQLitePCL.raw.SQLITE_AUTH or SQLitePCL.raw.SQLITE_PROTOCOL or SQLitePCL.raw.SQLITE_NOLFS
        } => CannotUse(exception, file),
        UnauthorizedAccessException or IOException => CannotUse(exception, file),
        _ => null,
    };

    private static JobStoreUnavailableException CannotUse(Exception exception, string file) => Unavailable(
        exception,
        $"The database of the jobs, {file}, cannot be opened or written ({exception.Message.TrimEnd('.')}). Make its folder writable for the service, "
        + "or name another one in Storage:Folder.",
        mayPass: exception is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_IOERR or SQLitePCL.raw.SQLITE_PROTOCOL });

    private static JobStoreUnavailableException Unavailable(Exception exception, string problem, bool mayPass = true, string? outlook = GoesOn) =>
        new(problem, exception) { Outlook = outlook, MayPass = mayPass };
}
