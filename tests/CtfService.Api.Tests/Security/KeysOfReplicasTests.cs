using System.Diagnostics;
using System.Net;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Security;

/// <summary>Stored keys of two services on one PostgreSQL database.</summary>
public sealed class KeysOfReplicasTests : IAsyncLifetime
{
    private PostgresServer? _server;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [ReplicasFact]
    public async Task Keys_CreatedAndRevokedOnOneReplica_WorkAndFailOnTheOther()
    {
        _server = await PostgresServer.StartNewAsync();
        await using var one = await StartAsync();
        await using var other = await StartAsync();

        for (var round = 0; round < 5; round++)
        {
            var created = await one.CreateKey($$"""{"name": "new{{round}}"}""");
            var key = TestKeys.Bearer((string)created["secret"]!);
            Assert.Equal(HttpStatusCode.OK, await Status(other, key)); // at once, although the guess before was refused
            using var revoked = await one.Delete(created);
            Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
            var since = Stopwatch.StartNew();
            Assert.Equal(HttpStatusCode.Unauthorized, await Status(one, key));
            while (await Status(other, key) != HttpStatusCode.Unauthorized)
            {
                Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), $"still accepted after {since.Elapsed}");
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }

        await AssertOutageAsync(one, other);
    }

    private async Task AssertOutageAsync(TestApi one, TestApi other)
    {
        var known = TestKeys.Bearer((string)(await one.CreateKey("""{"name": "known"}"""))["secret"]!);
        Assert.Equal(HttpStatusCode.OK, await Status(other, known));
        await _server!.StopAsync();

        Assert.Equal(HttpStatusCode.OK, await Status(other, known));
        Assert.Equal(HttpStatusCode.OK, await Status(other, TestKeys.Bearer(TestKeys.Studio)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await Status(other, TestKeys.Bearer("ctf_unknown")));

        await _server.StartAsync();
        var since = Stopwatch.StartNew();
        while (await Status(other, TestKeys.Bearer("ctf_unknown")) != HttpStatusCode.Unauthorized)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(20), $"still away after {since.Elapsed}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    private async Task<TestApi> StartAsync()
    {
        var api = TestKeys.Api(services => services.AddSingleton(TimeProvider.System), ("Storage:ConnectionString", _server!.ConnectionString));
        await api.InitializeAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(api, TestKeys.Bearer("ctf_unknown")));
        return api;
    }

    private static async Task<HttpStatusCode> Status(TestApi api, (string Name, string Value) key)
    {
        using var response = await api.Get("/v1/models", key);
        return response.StatusCode;
    }

    /// <summary>A test that is skipped without PostgreSQL, unless all tests are required.</summary>
    private sealed class ReplicasFactAttribute : FactAttribute
    {
        public ReplicasFactAttribute() => Skip = InstalledProgram.IsRequired ? null : PostgresServer.Missing;
    }
}
