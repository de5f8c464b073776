using Microsoft.Extensions.Options;
using Npgsql;

namespace CtfService.Jobs.Store;

/// <summary>Checks that a connection string can be read and names a server. Whether the server answers is seen when jobs need it.</summary>
public sealed class ConnectionStringValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        // The message repeats nothing of the value: a password with a semicolon would be taken for a keyword.
        return options.ConnectionString.Length == 0 || NamesAServer(options.ConnectionString)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                "Storage:ConnectionString cannot be read; expected Host=...;Database=...;Username=...;Password=..., or nothing for a SQLite file. "
                + "Put a value with a semicolon between quotation marks.");
    }

    private static bool NamesAServer(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString) is { Host.Length: > 0 };
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return false;
        }
    }
}
