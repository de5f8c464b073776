using System.Security.Cryptography;
using System.Text;

namespace CtfService.Cli.Tests;

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

    private static (string Key, string Hash) Parse(CommandRun run)
    {
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Trim()).ToList();
        return (lines[0], lines[1]);
    }
}
