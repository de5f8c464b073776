using Microsoft.Extensions.Options;

namespace CtfService.Api.Telemetry;

/// <summary>
/// Checks the log levels in <c>Logging:LogLevel</c> and of each provider, because .NET reports a wrong one with an exception that does not name the
/// setting.
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
