using System.Text.Json;
using CtfService.Cli.Shell;
using CtfService.Cli.Tests.Load;

namespace CtfService.Cli.Tests.Commands.Bench;

public sealed class LoadBenchCommandTests
{
    [Fact]
    public async Task Load_RightAnswers_EndsWithZeroAndReportsThem()
    {
        await using var service = await FakeImageService.StartAsync();

        var run = await LoadAsync(service, "--json");

        Assert.Equal(ExitCode.Success, run.ExitCode);
        using var report = JsonDocument.Parse(run.Output);
        Assert.True(report.RootElement.GetProperty("sent").GetInt64() > 0);
        Assert.True(report.RootElement.GetProperty("outcomes").GetProperty("ok").GetInt64() > 0);
        Assert.Equal(0, report.RootElement.GetProperty("wrong").GetInt64());
    }

    [Fact]
    public async Task Load_WrongAnswers_EndsWithOneAndShowsThem()
    {
        await using var service = await FakeImageService.StartAsync();
        service.Misbehave = async (context, number) =>
        {
            if (number > 40) // after the expected images
            {
                await FakeImageService.RefuseAsync(context, 500);
            }

            return number > 40;
        };

        var run = await LoadAsync(service);

        Assert.Equal(ExitCode.Failure, run.ExitCode);
        Assert.Contains("WrongStatus: status 500", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--address is 'localhost'", "--address", "localhost")]
    [InlineData("'jason=1' is not", "--address", "http://localhost:1", "--mix", "jason=1")]
    public async Task Load_WrongOption_IsAUsageError(string expected, params string[] arguments)
    {
        var run = await CommandRun.Of(["bench", "load", .. arguments]);

        Assert.Equal(ExitCode.UsageError, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private static Task<CommandRun> LoadAsync(FakeImageService service, params string[] arguments) => CommandRun.Of(
    [
        "bench", "load", "--address", $"{service.Target.Address}", "--rate", "100", "--seconds", "0.5", "--warm-up", "0", "--distinct", "8", .. arguments,
    ]);
}
