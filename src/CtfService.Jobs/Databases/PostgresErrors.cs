using System.Net.Sockets;
using CtfService.Jobs.Work;
using Npgsql;

namespace CtfService.Jobs.Databases;

/// <summary>What to do about errors of the PostgreSQL database.</summary>
internal static class PostgresErrors
{
    /// <summary>Returns null if the exception is no failure of the server but a defect of the program.</summary>
    public static JobStoreUnavailableException? Describe(Exception exception, string connectionString) => exception switch
    {
        PostgresException { SqlState: ['2', '2' or '3', ..] or "42601" or "42703" } => null, // wrong values or statements
        PostgresException { SqlState: PostgresErrorCodes.DiskFull or PostgresErrorCodes.OutOfMemory } full => Unavailable(
            full, connectionString, "has no space left", "Free space on the server."),
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } standby => Unavailable(
            standby, connectionString, "is read-only", "Name the primary server in Storage:ConnectionString.", mayPass: false),
        PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] or ['4', '2', ..] } refused => Unavailable(
            refused, connectionString, $"refuses access ({refused.MessageText})", "Check Storage:ConnectionString, and the user's rights to create tables.",
            mayPass: false),
        PostgresException other => Unavailable(
            other, connectionString, $"reports an error ({other.MessageText})", "Check the server."),
        NpgsqlException or SocketException or TimeoutException => Unavailable(
            exception, connectionString, $"cannot be reached ({exception.Message.TrimEnd('.')})", "Check the server and Storage:ConnectionString."),
        _ => null,
    };

    private static JobStoreUnavailableException Unavailable(
        Exception exception, string connectionString, string what, string remedy, bool mayPass = true)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        return new JobStoreUnavailableException(
            $"The PostgreSQL database of the jobs (Host={settings.Host};Port={settings.Port};Database={settings.Database}) {what}. {remedy}",
            exception)
        {
            Outlook = "The jobs go on by themselves when it is mended.",
            MayPass = mayPass,
        };
    }
}
