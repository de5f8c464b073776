using System.Net;

namespace CtfService.Api.Tests.Hosting;

public sealed class ReadyNoticeTests
{
    private const int Ready = 2300;

    [Fact]
    public async Task Log_ModelIsLoaded_NamesModelAndAddress()
    {
        await using var api = new TestApi();
        api.UseKestrel(port: 0);
        await api.InitializeAsync();

        var line = await api.Logs.LineAsync(Ready);

        Assert.StartsWith("fruits-fake is ready, open http://", line.Text, StringComparison.Ordinal);
        Assert.EndsWith($":{api.Client.BaseAddress!.Port}", line.Text, StringComparison.Ordinal);
        using var ready = await api.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }
}
