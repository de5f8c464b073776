using CtfService.Api.Hosting;
using Microsoft.Extensions.Configuration;

namespace CtfService.Api.Tests.Hosting;

/// <summary>Finds addresses that other machines can reach.</summary>
public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("http://localhost:5080", true)]
    [InlineData("https://LOCALHOST", true)]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://127.8.8.8:5080", true)]
    [InlineData("http://[::1]:5080", true)]
    [InlineData("http://unix:/run/ctf.sock", true)]
    [InlineData("http://0.0.0.0:5080", false)]
    [InlineData("http://[::]:5080", false)]
    [InlineData("http://*:5080", false)]
    [InlineData("http://+:5080", false)]
    [InlineData("http://192.0.2.7:5080", false)]
    [InlineData("http://ctf.example.org:5080", false)]
    [InlineData("http://localhost.example.org:5080", false)]
    [InlineData("nonsense", false)]
    public void IsLocal_Url_IsTrueIfOnlyThisMachineCanConnect(string url, bool expected) => Assert.Equal(expected, new ListenAddress("Urls", url).IsLocal);

    [Theory]
    [InlineData("Urls=http://localhost:5080", "")]
    [InlineData("Urls=http://localhost:5080;http://0.0.0.0:80", "Urls http://0.0.0.0:80")]
    [InlineData("Urls= http://localhost:5080 ; http://[::1]:5081 ;", "")]
    [InlineData("", "")]
    [InlineData("HTTP_PORTS=8080;8081", "HTTP_PORTS http://*:8080, HTTP_PORTS http://*:8081")]
    [InlineData("HTTPS_PORTS=8443", "HTTPS_PORTS https://*:8443")]
    [InlineData("Urls=http://localhost:5080,HTTP_PORTS=8080", "")]
    [InlineData("Urls=http://localhost:5080,Kestrel:Endpoints:Public:Url=http://*:80", "Kestrel:Endpoints:Public:Url http://*:80")]
    [InlineData("Urls=http://*:80,Kestrel:Endpoints:Own:Url=http://127.0.0.1:80", "")]
    public void Read_Settings_FindsAddressesThatOthersReach(string settings, string expected)
    {
        var pairs = settings.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1]));
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(pairs).Build();

        var reachable = ListenAddress.Read(configuration).Where(address => !address.IsLocal);

        Assert.Equal(expected, string.Join(", ", reachable.Select(address => $"{address.Setting} {address.Url}")));
    }
}
