using CtfService.Api.Telemetry;

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
}
