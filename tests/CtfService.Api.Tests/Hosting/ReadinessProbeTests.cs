using CtfService.Api.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Hosting;

public sealed class ReadinessProbeTests
{
    [Theory]
    [InlineData("Urls", "http://localhost:5080", "http://localhost:5080/health/ready")]
    [InlineData("Urls", "http://*:8080", "http://localhost:8080/health/ready")]
    [InlineData("Urls", "http://0.0.0.0:8080", "http://localhost:8080/health/ready")]
    [InlineData("Urls", "http://[::]:8080", "http://localhost:8080/health/ready")]
    [InlineData("Urls", "http://127.0.0.2:8080", "http://127.0.0.2:8080/health/ready")]
    [InlineData("Urls", "http://[::1]:8080", "http://[::1]:8080/health/ready")]
    [InlineData("Urls", "https://+:8443;http://+:8080", "http://localhost:8080/health/ready")]
    [InlineData("Urls", "https://+:8443", "https://localhost:8443/health/ready")]
    [InlineData("HTTP_PORTS", "8080", "http://localhost:8080/health/ready")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://images.example.org:80", "http://localhost:80/health/ready")]
    [InlineData("Urls", "http://unix:/run/ctf.sock", null)]
    [InlineData("Urls", "nonsense", null)]
    public void Address_ListenSettings_IsReachableFromThisMachine(string setting, string value, string? expected)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(setting, value)]).Build();

        Assert.Equal(expected is null ? null : new Uri(expected), ReadinessProbe.Address(configuration));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("*", null)]
    [InlineData("images.example.org;*", null)]
    [InlineData("images.example.org;localhost", "images.example.org")]
    [InlineData("*.example.org", "localhost.example.org")]
    public void Host_AllowedHosts_IsOneOfThem(string? allowed, string? expected) => Assert.Equal(expected, ReadinessProbe.Host(allowed));

    [Theory]
    [InlineData("*")]
    [InlineData("images.example.org")]
    public async Task Run_LocalService_ReturnsWhetherItIsReady(string allowedHosts)
    {
        await using var api = new TestApi { Settings = { ["AllowedHosts"] = allowedHosts } };
        using var load = api.Factory.HoldNextLoad();
        api.UseKestrel(port: 0);
        api.Start();
        var address = Assert.Single(api.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses);
        string[] arguments = [ReadinessProbe.Argument, $"--urls={address}", $"--AllowedHosts={allowedHosts}"];

        var whileLoading = await ReadinessProbe.RunAsync(arguments);
        load.Open();
        await api.InitializeAsync();
        var whenReady = await ReadinessProbe.RunAsync(arguments);

        Assert.Equal((1, 0), (whileLoading, whenReady));
    }

    [Fact]
    public async Task Run_NoServiceListens_ReturnsOne() =>
        Assert.Equal(1, await ReadinessProbe.RunAsync([ReadinessProbe.Argument, "--urls=http://127.0.0.1:9"]));
}
