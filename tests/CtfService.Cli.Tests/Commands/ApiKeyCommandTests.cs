using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace CtfService.Cli.Tests.Commands;

public sealed class ApiKeyCommandTests
{
    [Fact]
    public async Task Run_Name_PrintsAKeyItsHashAndTheSettings()
    {
        var run = await CommandRun.Of("api-key", "studio");

        Assert.Equal(0, run.ExitCode);
        var (key, hash) = Parse(run);
        Assert.Matches("^ctf_[A-Za-z0-9_-]{43}$", key);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))), hash);
        Assert.Contains($$"""{ "Name": "studio", "Sha256": "{{hash}}" }""", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(key, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Twice_PrintsTwoKeys()
    {
        var first = await CommandRun.Of("api-key", "studio");
        var second = await CommandRun.Of("api-key", "studio");

        Assert.NotEqual(Parse(first).Key, Parse(second).Key);
    }

    [Theory]
    [InlineData("a \"b\"", "a-b")]
    [InlineData("back\\slash; rm", "back-slash-rm")]
    [InlineData("line\nbreak", "line-break")]
    public async Task Run_NameWithOtherCharacters_PrintsValidJsonWithAnAcceptedName(string asked, string expected)
    {
        var run = await CommandRun.Of("api-key", asked);

        Assert.Equal(0, run.ExitCode);
        var settings = run.Error.Split('\n').Single(line => line.Contains("appsettings.json", StringComparison.Ordinal));
        using var json = JsonDocument.Parse($"{{{settings[settings.IndexOf('"', StringComparison.Ordinal)..]}}}");
        Assert.Equal(expected, json.RootElement.GetProperty("Security").GetProperty("ApiKeys")[0].GetProperty("Name").GetString());
        Assert.Contains($"Security__ApiKeys__0__Name={expected} ", run.Error, StringComparison.Ordinal);
        Assert.Contains($"the key is named {expected}.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NameWithoutLetters_IsAUsageError() => Assert.Equal(2, (await CommandRun.Of("api-key", " ")).ExitCode);

    private static (string Key, string Hash) Parse(CommandRun run)
    {
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Trim()).ToList();
        return (lines[0], lines[1]);
    }
}
