using System.Diagnostics;
using System.Net;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Security;

/// <summary>Limits of two services on one PostgreSQL database.</summary>
public sealed class QuotaOfReplicasTests : IAsyncLifetime
{
    private const string OneImage = """{"class_label": 0}""";

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
    public async Task Post_OneKeyFloodsTwoReplicas_GetsExactlyItsImagesAlsoAcrossAnOutage()
    {
        _server = await PostgresServer.StartNewAsync();
        await using var one = await StartAsync();
        await using var other = await StartAsync();

        var statuses = await FloodAsync(one, other, requests: 120);
        Assert.Equal((60, 60), (statuses.Count(status => status == HttpStatusCode.OK), statuses.Count(status => status == HttpStatusCode.TooManyRequests)));

        await _server.StopAsync();
        var since = Stopwatch.StartNew();
        Assert.All(await FloodAsync(one, other, requests: 20), status => Assert.Equal(HttpStatusCode.TooManyRequests, status));
        Assert.InRange(since.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static async Task<IReadOnlyList<HttpStatusCode>> FloodAsync(TestApi one, TestApi other, int requests) =>
        await Task.WhenAll(Enumerable.Range(0, requests).Select(async number =>
        {
            using var response = await (number % 2 == 0 ? one : other).PostAs(TestKeys.Studio, TestApi.Images, OneImage);
            return response.StatusCode;
        }));

    private async Task<TestApi> StartAsync()
    {
        var api = TestKeys.Api(
            services => services.AddSingleton(TimeProvider.System),
            ("Storage:ConnectionString", _server!.ConnectionString),
            ("Security:ApiKeys:0:ImagesPerDay", "60"),
            ("Inference:MaxQueuedImages", "200"));
        await api.InitializeAsync();
        return api;
    }

    /// <summary>A test that is skipped without PostgreSQL, unless all tests are required.</summary>
    private sealed class ReplicasFactAttribute : FactAttribute
    {
        public ReplicasFactAttribute() => Skip = InstalledProgram.IsRequired ? null : PostgresServer.Missing;
    }
}
