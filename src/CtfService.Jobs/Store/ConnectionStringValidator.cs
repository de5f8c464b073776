using Microsoft.Extensions.Options;
using Npgsql;

namespace CtfService.Jobs.Store;

/// <summary>
/// Checks that a connection string can be read, names a server and allows enough connections. Whether the server answers is seen when jobs need it.
/// </summary>
public sealed class ConnectionStringValidator : IValidateOptions<StorageOptions>
{
    /// <summary>One listens for changes, one works.</summary>
    private const int FewestConnections = 2;

    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        // The message repeats nothing of the value: a password with a semicolon would be taken for a keyword.
        return options.ConnectionString.Length == 0 ? ValidateOptionsResult.Success
            : Read(options.ConnectionString) is not { Host.Length: > 0 } read ? ValidateOptionsResult.Fail(
                "Storage:ConnectionString cannot be read; expected Host=...;Database=...;Username=...;Password=..., or nothing for a SQLite file. "
                + "Put a value with a semicolon between quotation marks.")
            : read is { Pooling: true, MaxPoolSize: < FewestConnections } ? ValidateOptionsResult.Fail(
                $"Storage:ConnectionString allows {read.MaxPoolSize} connection; expected Maximum Pool Size={FewestConnections} or more, "
                + "because one connection listens for changes of other processes.")
            : ValidateOptionsResult.Success;
    }

    /// <summary>Returns null if it cannot be read.</summary>
    private static NpgsqlConnectionStringBuilder? Read(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return null;
        }
    }
}
