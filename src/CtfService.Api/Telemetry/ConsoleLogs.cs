using Microsoft.Extensions.Logging.Console;

namespace CtfService.Api.Telemetry;

/// <summary>Configures the console log: one line of text for people, or one JSON object for programs.</summary>
internal static class ConsoleLogs
{
    /// <summary>Set in .NET's container images.</summary>
    private const string ContainerVariable = "DOTNET_RUNNING_IN_CONTAINER";

    /// <param name="format"><see cref="TelemetryOptions.LogFormat"/>.</param>
    public static void AddConsole(this ILoggingBuilder logging, string format)
    {
        // A reader that stands still must not stop the service: lines that find no room are dropped, and a later line tells their number.
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite);
        if (IsJson(format, Environment.GetEnvironmentVariable(ContainerVariable)))
        {
            logging.AddJsonConsole(console =>
            {
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                console.IncludeScopes = true; // trace and span
            });
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss ";
            });
        }
    }

    internal static bool IsJson(string format, string? inContainer) => format switch
    {
        "json" => true,
        "auto" => inContainer is "1" || (bool.TryParse(inContainer, out var isTrue) && isTrue),
        _ => false,
    };
}
