using Microsoft.Extensions.Options;

namespace CtfService.Api.Telemetry;

/// <summary>
/// Levels of the log that .NET would refuse with an exception that does not name the setting: <c>Logging:LogLevel</c>, and those of each provider.
/// </summary>
internal sealed class LogLevelsValidator(IConfiguration configuration) : IValidateOptions<TelemetryOptions>
{
    public ValidateOptionsResult Validate(string? name, TelemetryOptions options)
    {
        var logging = configuration.GetSection("Logging");
        var problems = logging.GetChildren().Select(provider => provider.GetSection("LogLevel")).Append(logging.GetSection("LogLevel"))
            .SelectMany(levels => levels.GetChildren())
            .Where(level => !string.IsNullOrEmpty(level.Value) && !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out _))
            .Select(level => $"{level.Path} is '{level.Value}'; expected one of {string.Join(", ", Enum.GetNames<LogLevel>())}.")
            .ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
