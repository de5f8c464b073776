using System.Diagnostics;
using System.Net;
using CtfService.Api.Contracts;
using CtfService.Api.Idempotency;
using CtfService.Jobs.State;
using CtfService.Jobs.Telemetry;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace CtfService.Api.Tests.Idempotency;

/// <summary>Requests with a key to two services on one PostgreSQL database.</summary>
public sealed class ResponsesOfReplicasTests : IAsyncLifetime
{
    private const string OneImage = """{"class_label": 0}""";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly List<TestApi> _apis = [];
    private PostgresServer _server = null!;

    public async Task InitializeAsync()
    {
        if (PostgresServer.Missing is null || InstalledProgram.IsRequired)
        {
            _server = await PostgresServer.StartNewAsync();
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var api in _apis)
        {
            await api.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [ReplicasFact]
    public async Task Post_ConcurrentEqualRequests_AreDrawnOnceAndAnsweredAlike()
    {
        var (one, other) = (await StartAsync(), await StartAsync());

        for (var round = 0; round < 5; round++)
        {
            var responses = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => (number % 2 == 0 ? one : other).PostWithKey($"k{round}", OneImage)));

            Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
            Assert.Single((await Task.WhenAll(responses.Select(response => response.Content.ReadAsStringAsync()))).Distinct());
            Assert.Equal(39, responses.Count(response => response.Headers.Contains(CustomHeaders.IdempotentReplayed)));
            Assert.Equal(round + 1, KeyedRequests.Drawn(one) + KeyedRequests.Drawn(other));
        }

        using var conflict = await other.PostWithKey("k0", """{"class_label": 1}""");
        Assert.Equal("idempotency_key_reused", (await conflict.Error(HttpStatusCode.UnprocessableEntity)).Code);
    }

    [ReplicasFact]
    public async Task Post_ManyKeysAtOnce_AreAllAnswered()
    {
        var (one, other) = (await StartAsync(), await StartAsync());

        var statuses = await Task.WhenAll(Enumerable.Range(0, 400).Select(number => Task.Run(async () =>
        {
            using var response = await (number % 2 == 0 ? one : other).PostWithKey($"{number / 2}", OneImage);
            return response.StatusCode;
        })));

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(200, KeyedRequests.Drawn(one) + KeyedRequests.Drawn(other));
    }

    [ReplicasFact]
    public async Task Post_FirstFails_TheOtherReplicaDrawsAtOnce()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        one.Generator.StepsPerImage = 2;
        using var gate = one.Generator.HoldNextStep();
        one.Generator.FailNextStep(new InvalidOperationException("once"));
        var failing = one.PostWithKey("k", OneImage);
        await gate.Entered;
        var waiting = other.PostWithKey("k", OneImage);
        gate.Open();

        using var failed = await failing;
        var since = Stopwatch.StartNew();
        using var drawn = await waiting.WaitAsync(Timeout, TimeProvider.System);

        Assert.Equal((HttpStatusCode.InternalServerError, HttpStatusCode.OK), (failed.StatusCode, drawn.StatusCode));
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(2), $"took {since.Elapsed}");
    }

    [ReplicasFact]
    public async Task Claim_WhoseProcessIsKilled_GoesToOneSuccessor()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        var request = new KeyedRequest(new IdempotencyKey("key studio", "k"), "print");
        await one.Services.GetRequiredService<IResponseStore>().ClaimAsync(
            new RepeatableRequest("key studio", "k", "key studio", "print"), "dead", TimeSpan.FromSeconds(1), CancellationToken.None);
        IIdempotencyStore[] stores = [one.Services.GetRequiredService<IIdempotencyStore>(), other.Services.GetRequiredService<IIdempotencyStore>()];
        var since = Stopwatch.StartNew();

        var claims = stores.Select(store => store.ClaimAsync(request, CancellationToken.None)).ToList();
        var first = await Task.WhenAny(claims).WaitAsync(Timeout, TimeProvider.System);
        Assert.IsType<IdempotencyClaim.Free>(await first);
        Assert.InRange(since.Elapsed, TimeSpan.FromMilliseconds(900), TimeSpan.FromSeconds(5));
        await stores[claims.IndexOf(first)].CompleteAsync(request, new StoredResponse(200, [], [1, 2, 3]));

        var second = Assert.IsType<IdempotencyClaim.Taken>(await claims.Single(claim => claim != first).WaitAsync(Timeout, TimeProvider.System));
        Assert.Equal([1, 2, 3], (await second.Response)!.Body);
    }

    [ReplicasFact]
    public async Task Post_AnsweredByASuccessorMeanwhile_SendsTheAnswerOfTheSuccessor()
    {
        var one = await StartAsync();
        using var gate = one.Generator.HoldNextStep();
        var late = one.PostWithKey("k", OneImage, "image/png");
        await gate.Entered;
        await ExecuteAsync(
            """
            update responses set owner = 'successor', status = 200, headers = '{"Content-Type":["image/webp"],"X-Seed":["77"]}', body = '\x0102',
                expires = expires + 3600000
            """);
        gate.Open();

        using var response = await late;

        Assert.Equal([1, 2], await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(("image/webp", "77"), (response.Content.Headers.ContentType!.MediaType, Assert.Single(response.Headers.GetValues("X-Seed"))));
        Assert.False(response.Headers.Contains("X-Class-Label"));
        Assert.True(response.Headers.Contains(CustomHeaders.IdempotentReplayed));
    }

    [ReplicasFact]
    public async Task Post_AnotherRequestTookTheKeyMeanwhile_Returns422()
    {
        var one = await StartAsync();
        using var gate = one.Generator.HoldNextStep();
        var late = one.PostWithKey("k", OneImage);
        await gate.Entered;
        await ExecuteAsync("update responses set owner = 'successor', fingerprint = 'different'");
        gate.Open();

        using var response = await late;

        Assert.Equal("idempotency_key_reused", (await response.Error(HttpStatusCode.UnprocessableEntity)).Code);
    }

    [ReplicasFact]
    public async Task Post_LongerThanTheLease_KeepsItsClaim()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        using var gate = one.Generator.HoldNextStep();
        var first = one.PostWithKey("k", OneImage);
        await gate.Entered;
        var second = other.PostWithKey("k", OneImage);
        await Task.Delay(ResponseUpkeep.Lease + TimeSpan.FromSeconds(2), TimeProvider.System);
        gate.Open();

        using var drawn = await first;
        using var replayed = await second;

        Assert.Equal(await drawn.Content.ReadAsStringAsync(), await replayed.Content.ReadAsStringAsync());
        Assert.Equal((1, 0), (KeyedRequests.Drawn(one), KeyedRequests.Drawn(other)));
    }

    [ReplicasFact]
    public async Task Post_DatabaseStopsAtAnyMoment_EndsWith503AndGoesOnWithoutARestart()
    {
        var (one, other) = (await StartAsync(), await StartAsync());
        using var gate = one.Generator.HoldNextStep();
        var drawing = one.PostWithKey("k", OneImage);
        await gate.Entered;
        var waiting = other.PostWithKey("k", OneImage);
        await _server.StopAsync();
        var since = Stopwatch.StartNew();

        using var plain = await other.PostImages(OneImage);
        using var refused = await other.PostWithKey("l", OneImage);
        using var waited = await waiting.WaitAsync(Timeout, TimeProvider.System);
        gate.Open();
        using var drawn = await drawing.WaitAsync(Timeout, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, plain.StatusCode);
        foreach (var response in new[] { refused, waited, drawn })
        {
            Assert.Equal("state_store_unavailable", (await response.Error(HttpStatusCode.ServiceUnavailable)).Code);
        }

        Assert.True(since.Elapsed < TimeSpan.FromSeconds(15), $"took {since.Elapsed}");
        await _server.StartAsync();
        var bodies = new List<string>();
        foreach (var api in new[] { one, other, one })
        {
            using var response = await api.PostWithKey("k", OneImage).WaitAsync(Timeout, TimeProvider.System); // when the lease has ended
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            bodies.Add(await response.Content.ReadAsStringAsync());
        }

        Assert.Single(bodies.Distinct());
        Assert.Single(other.Logs.Lines, line => line.Id == JobEventIds.ResponsesUnavailable);
    }

    [ReplicasFact]
    public async Task Stop_WhileARequestWaitsForAnotherReplica_DoesNotHang()
    {
        var (one, other) = (await StartAsync(usesKestrel: true), await StartAsync(usesKestrel: true));
        using var gate = one.Generator.HoldNextStep();
        var drawing = one.PostWithKey("k", OneImage);
        await gate.Entered;
        var waiting = other.PostWithKey("k", OneImage);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);

        var since = Stopwatch.StartNew();
        await other.Services.GetRequiredService<IHost>().StopAsync();

        using var refused = await waiting;
        Assert.Equal("model_not_ready", (await refused.Error(HttpStatusCode.ServiceUnavailable)).Code);
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), $"took {since.Elapsed}");
        gate.Open();
        using var drawn = await drawing;
        Assert.Equal(HttpStatusCode.OK, drawn.StatusCode);
    }

    [ReplicasFact]
    public async Task Post_ServerHasNoConnectionLeft_Returns503()
    {
        var one = await StartAsync();
        var held = new List<NpgsqlConnection>();
        try
        {
            for (var connection = await TryOpenAsync(); connection is not null; connection = await TryOpenAsync())
            {
                held.Add(connection);
            }

            await ExecuteAsync(held[0], "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'CtfService'");
            for (var connection = await TryOpenAsync(); connection is not null; connection = await TryOpenAsync())
            {
                held.Add(connection);
            }

            using var keyed = await one.PostWithKey("k", OneImage);
            using var plain = await one.PostImages(OneImage);

            Assert.Equal("state_store_unavailable", (await keyed.Error(HttpStatusCode.ServiceUnavailable)).Code);
            Assert.Equal(HttpStatusCode.OK, plain.StatusCode);
        }
        finally
        {
            foreach (var connection in held)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private async Task<NpgsqlConnection?> TryOpenAsync()
    {
        var connection = new NpgsqlConnection($"{_server.ConnectionString};Pooling=false");
        try
        {
            await connection.OpenAsync();
            return connection;
        }
        catch (PostgresException)
        {
            await connection.DisposeAsync();
            return null;
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection($"{_server.ConnectionString};Pooling=false");
        await connection.OpenAsync();
        await ExecuteAsync(connection, sql);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<TestApi> StartAsync(bool usesKestrel = false)
    {
        var api = new TestApi
        {
            UsesKestrel = usesKestrel,
            Replace = services => services.AddSingleton(TimeProvider.System),
            Settings =
            {
                ["Storage:ConnectionString"] = _server.ConnectionString,
                ["Security:RequestsPerMinute"] = "0",
                ["Inference:MaxQueuedImages"] = "1000",
            },
        };
        _apis.Add(api);
        await api.InitializeAsync();
        return api;
    }

    /// <summary>A test that is skipped without PostgreSQL, unless all tests are required.</summary>
    private sealed class ReplicasFactAttribute : FactAttribute
    {
        public ReplicasFactAttribute() => Skip = InstalledProgram.IsRequired ? null : PostgresServer.Missing;
    }
}
