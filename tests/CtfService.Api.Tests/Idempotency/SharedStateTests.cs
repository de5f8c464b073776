using System.Net;
using CtfService.Api.Contracts;
using CtfService.Api.Idempotency;
using CtfService.Jobs.State;
using CtfService.Jobs.Telemetry;
using CtfService.Jobs.Work;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Idempotency;

/// <summary>Responses in the database of one process: restarts and failures of the database.</summary>
public sealed class SharedStateTests
{
    private const string OneImage = """{"class_label": 0}""";

    [Fact]
    public async Task Post_AfterARestart_ReturnsTheStoredResponse()
    {
        using var folder = new TemporaryFolder();
        string expected;
        await using (var first = new TestApi { Settings = { ["Storage:State"] = "database", ["Storage:Folder"] = folder.Root } })
        {
            await first.InitializeAsync();
            using var drawn = await first.PostWithKey("k", OneImage);
            expected = await drawn.Content.ReadAsStringAsync();
        }

        await using var second = new TestApi { Settings = { ["Storage:State"] = "database", ["Storage:Folder"] = folder.Root } };
        await second.InitializeAsync();
        using var replayed = await second.PostWithKey("k", OneImage);

        Assert.Equal(expected, await replayed.Content.ReadAsStringAsync());
        Assert.True(replayed.Headers.Contains(CustomHeaders.IdempotentReplayed));
        Assert.Equal(0, KeyedRequests.Drawn(second));
    }

    [Fact]
    public async Task Start_WithStateInTheDatabase_CreatesNothingBeforeTheFirstKey()
    {
        await using var api = new TestApi { Settings = { ["Storage:State"] = "database", ["Jobs:Enabled"] = "false" } };
        await api.InitializeAsync();
        using var plain = await api.PostImages(OneImage);
        var before = File.Exists(api.Storage.File("jobs.db"));

        using var keyed = await api.PostWithKey("k", OneImage);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (plain.StatusCode, keyed.StatusCode));
        Assert.Equal((false, true), (before, File.Exists(api.Storage.File("jobs.db"))));
    }

    [Fact]
    public async Task Post_StoreAway_OnlyKeysAreRefusedBeforeAnythingIsDrawn()
    {
        var store = new SwitchedStore();
        await using var api = await StartAsync(store);
        store.IsAway = true;

        using var plain = await api.PostImages(OneImage);
        using var keyed = await api.PostWithKey("k", OneImage);
        using var again = await api.PostWithKey("k", OneImage);
        store.IsAway = false;
        using var later = await api.PostWithKey("k", OneImage);

        var error = await keyed.Error(HttpStatusCode.ServiceUnavailable);
        Assert.Equal(("server_error", "state_store_unavailable"), (error.Type, error.Code));
        Assert.NotNull(keyed.Headers.RetryAfter);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (plain.StatusCode, again.StatusCode, later.StatusCode));
        Assert.Equal(2, KeyedRequests.Drawn(api));
        Assert.Single(api.Logs.Lines, line => line.Id == JobEventIds.ResponsesUnavailable);
        Assert.Single(api.Logs.Lines, line => line.Id == JobEventIds.ResponsesAvailable);
        Assert.Contains("ctf_state_store_errors_total{", await api.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_StoreGoesAwayWhileDrawing_AllGet503AndNothingOfTheResponse()
    {
        var store = new SwitchedStore();
        await using var api = await StartAsync(store);
        using var gate = api.Generator.HoldNextStep();
        var first = api.PostWithKey("k", OneImage, "image/png");
        await gate.Entered;
        var waiting = Enumerable.Range(0, 20).Select(_ => api.PostWithKey("k", OneImage, "image/png")).ToList();
        store.IsAway = true;
        gate.Open();

        foreach (var response in await Task.WhenAll(waiting.Append(first)))
        {
            Assert.Equal("state_store_unavailable", (await response.Error(HttpStatusCode.ServiceUnavailable)).Code);
            Assert.False(response.Headers.Contains("X-Seed"));
            Assert.Null(response.Headers.ETag);
        }

        store.IsAway = false;
        using var later = await api.PostWithKey("k", OneImage, "image/png");
        Assert.Equal(HttpStatusCode.OK, later.StatusCode);
    }

    [Fact]
    public async Task Post_FailureWhileTheStoreIsAway_KeepsItsStatus()
    {
        var store = new SwitchedStore();
        await using var api = await StartAsync(store);
        api.Generator.StepsPerImage = 2;
        using var gate = api.Generator.HoldNextStep();
        api.Generator.FailNextStep(new InvalidOperationException("once"));
        var failing = api.PostWithKey("k", OneImage);
        await gate.Entered;
        store.IsAway = true;
        gate.Open();

        using var failed = await failing;

        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
    }

    [Fact]
    public async Task Claim_ManyWhileTheStoreDoesNotAnswer_FailTogether()
    {
        await using var api = await StartAsync(new SwitchedStore());
        var watch = api.Services.GetRequiredService<ResponseStoreWatch>();
        var answer = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var started = 0;
        var calls = Enumerable.Range(0, 100).Select(_ => watch.InTurnAsync(() =>
        {
            Interlocked.Increment(ref started);
            return answer.Task;
        })).ToList();

        answer.SetException(new JobStoreUnavailableException("The database does not answer."));

        foreach (var call in calls)
        {
            await Assert.ThrowsAsync<JobStoreUnavailableException>(() => call.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System));
        }

        Assert.InRange(started, 1, 4); // the others did not ask
        Assert.Equal(5, await watch.InTurnAsync(() => Task.FromResult(5)));
    }

    [Fact]
    public async Task Post_ManyWithOneKey_DrawOnceAndGetOneResponse()
    {
        await using var api = new TestApi { Settings = { ["Storage:State"] = "database", ["Security:RequestsPerMinute"] = "0" } };
        await api.InitializeAsync();

        var bodies = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => Task.Run(async () =>
        {
            using var response = await api.PostWithKey("k", OneImage);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        })));

        Assert.Single(bodies.Distinct());
        Assert.Equal(HttpStatusCode.OK, bodies[0].StatusCode);
        Assert.Equal(1, KeyedRequests.Drawn(api));
    }

    private static async Task<TestApi> StartAsync(SwitchedStore store)
    {
        var api = new TestApi
        {
            Settings = { ["Storage:State"] = "database", ["Telemetry:MetricsFor"] = "anyone" },
            Replace = services => services.AddSingleton<IResponseStore>(store),
        };
        await api.InitializeAsync();
        return api;
    }

    /// <summary>A store that knows no response, and that can be away.</summary>
    private sealed class SwitchedStore : IResponseStore
    {
        public bool IsAway { get; set; }

        public Task<ResponseClaim> ClaimAsync(RepeatableRequest request, string owner, TimeSpan lease, CancellationToken cancellation) => OwnedAsync();

        public Task RenewAsync(IReadOnlyCollection<string> owners, TimeSpan lease, CancellationToken cancellation) => OwnedAsync();

        public Task<ResponseClaim> CompleteAsync(
            RepeatableRequest request, string owner, ResponseContent response, long bytes, TimeSpan lifetime, CancellationToken cancellation) => OwnedAsync();

        public Task ReleaseAsync(RepeatableRequest request, string owner, CancellationToken cancellation) => OwnedAsync();

        public Task SweepAsync(long maxBytes, CancellationToken cancellation) => OwnedAsync();

        private async Task<ResponseClaim> OwnedAsync()
        {
            await Task.Yield();
            return IsAway ? throw new JobStoreUnavailableException("The database is away.") : new ResponseClaim.Owned();
        }
    }
}
