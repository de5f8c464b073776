using System.Text.Json.Nodes;
using CtfService.Gateway.Configuration;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;

namespace CtfService.Gateway.Tests.Configuration;

/// <summary>Wrong settings end the start with messages that name them; the file has every setting.</summary>
public sealed class GatewaySettingsTests
{
    [Theory]
    [InlineData("Replicas:0=ftp://x", "Gateway:Replicas:0 is 'ftp://x'; expected an address without a path, such as http://10.0.0.5:5080.")]
    [InlineData("Replicas:0=http://x:1/v1", "Gateway:Replicas:0 is 'http://x:1/v1'; expected an address without a path")]
    [InlineData("Replicas:1=http://x:1", "Gateway:Replicas:1 is 'http://x:1' again; expected each address once.")]
    [InlineData("Replicas:0=", "Gateway:Replicas:0 is ''; expected an address")]
    [InlineData("HealthInterval=00:00:00", "Gateway:HealthInterval is 00:00:00; expected between")]
    [InlineData("Attempts=9", "Gateway:Attempts is 9; expected between 1 and 5. Set it in gateway.json or in the environment variable Gateway__Attempts.")]
    [InlineData("TrustedProxies:0=proxy", "Gateway:TrustedProxies:0 is 'proxy'; expected an IP address or a network")]
    [InlineData("MetricsFor=all", "Gateway:MetricsFor is all; expected anyone or nobody.")]
    [InlineData("ApiKey=a b", "Gateway:ApiKey contains characters that a header cannot carry")]
    [InlineData("Retries=3", "Gateway:Retries is not a setting. Known names: Replicas,")]
    [InlineData("Attempts=many", "Failed to convert configuration value 'many' at 'Gateway:Attempts'")]
    public async Task Setting_Wrong_IsNamedBeforeTheStart(string setting, string message)
    {
        var problems = await Problems("--Gateway:Replicas:0=http://x:1", $"--Gateway:{setting}");

        Assert.Contains(problems, problem => problem.StartsWith(message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Replicas_None_IsRefused() =>
        Assert.StartsWith("Gateway:Replicas is empty; expected the address of at least one", Assert.Single(await Problems()), StringComparison.Ordinal);

    [Fact]
    public void File_OfTheProgram_HasEverySettingWithItsDefault()
    {
        var file = JsonNode.Parse(File.ReadAllText(RepositoryFolder.File("src", "CtfService.Gateway", "gateway.json")))!["Gateway"]!.AsObject();
        var defaults = new GatewayOptions();

        Assert.Equal(typeof(GatewayOptions).GetProperties().Select(property => property.Name), file.Select(pair => pair.Key));
        Assert.All(file.Where(pair => pair.Value is JsonValue), pair =>
            Assert.Equal(FormattableString.Invariant($"{typeof(GatewayOptions).GetProperty(pair.Key)!.GetValue(defaults)}"), pair.Value!.ToString()));
    }

    private static async Task<IReadOnlyList<string>> Problems(params string[] args)
    {
        var error = await Record.ExceptionAsync(async () =>
        {
            await using var app = GatewayHost.Build(["--Urls=http://127.0.0.1:0", .. args], builder => builder.Logging.ClearProviders());
            await app.StartAsync();
        });
        return StartFailures.Describe(error!)!;
    }
}
