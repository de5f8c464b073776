using CtfService.Api.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Tests.Telemetry;

public sealed class ConsoleLogsTests
{
    [Theory]
    [InlineData("auto", null, false)]
    [InlineData("auto", "", false)]
    [InlineData("auto", "false", false)]
    [InlineData("auto", "true", true)]
    [InlineData("auto", "1", true)]
    [InlineData("json", null, true)]
    [InlineData("text", "true", false)]
    public void IsJson_FormatAndContainer_DecideTogether(string format, string? inContainer, bool expected) =>
        Assert.Equal(expected, ConsoleLogs.IsJson(format, inContainer));

    /// <summary>A reader that stands still must not block the callers of the log.</summary>
    [Theory]
    [InlineData("json")]
    [InlineData("text")]
    public void AddConsole_QueueIsFull_DropsLines(string format)
    {
        using var services = new ServiceCollection().AddLogging(logging => ConsoleLogs.AddConsole(logging, format)).BuildServiceProvider();

        Assert.Equal(ConsoleLoggerQueueFullMode.DropWrite, services.GetRequiredService<IOptionsMonitor<ConsoleLoggerOptions>>().CurrentValue.QueueFullMode);
    }
}
