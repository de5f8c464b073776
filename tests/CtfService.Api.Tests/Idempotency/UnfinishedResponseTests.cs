using System.Net;
using CtfService.Api.Contracts;
using CtfService.Inference.Queue;

namespace CtfService.Api.Tests.Idempotency;

/// <summary>Keys whose first request is still running or did not succeed. Each test has its own host, because it holds or fails steps.</summary>
public abstract class UnfinishedResponseTests : IAsyncLifetime, IAsyncDisposable
{
    private const string OneImage = """{"class_label": 0}""";

    private readonly TestApi _api;

    /// <param name="state">Value of Storage:State.</param>
    protected UnfinishedResponseTests(string state) => _api = new TestApi { Settings = { ["Storage:State"] = state } };

    public Task InitializeAsync() => _api.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Post_FirstIsRunning_SecondWaitsForItsResponse()
    {
        using var gate = _api.Generator.HoldNextStep();
        var first = _api.PostWithKey("k", OneImage);
        await gate.Entered;
        var second = _api.PostWithKey("k", OneImage);
        using var other = await _api.PostWithKey("k", """{"class_label": 1}""");
        Assert.False(second.IsCompleted);

        gate.Open();

        using var answer = await first;
        using var again = await second;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Equal(await answer.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Post_FirstFails_WaitingRequestGenerates()
    {
        _api.Generator.FailNextStep(new InvalidOperationException("once"));
        using var gate = _api.Generator.HoldNextStep(); // the step of the second request
        using var failed = await _api.PostWithKey("k", OneImage);
        var second = _api.PostWithKey("k", OneImage);
        await gate.Entered;
        var third = _api.PostWithKey("k", OneImage);

        gate.Open();

        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        using var answer = await second;
        using var again = await third;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(await answer.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Post_FirstReachesItsDeadlineWhileAnotherWaits_TheOtherSucceeds()
    {
        using var gate = _api.Generator.HoldNextStep();
        var first = _api.PostWithKey("k", OneImage);
        await gate.Entered;
        var second = _api.PostWithKey("k", OneImage);
        _api.Clock.Advance(new InferenceOptions().RequestTimeout);
        using var late = await first;

        gate.Open();

        Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        using var answer = await second;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Post_FirstHangsUp_IsNotRemembered()
    {
        using var gate = _api.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var first = _api.PostImagesUntil(OneImage, caller.Token, (CustomHeaders.IdempotencyKey, "k"));
        await gate.Entered;
        await caller.CancelAsync();
        await first;
        gate.Open();

        using var second = await _api.PostWithKey("k", OneImage);

        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.False(second.Headers.Contains(CustomHeaders.IdempotentReplayed));
    }

    [Fact]
    public async Task Post_WrongRequest_LeavesTheKeyFree()
    {
        using var wrong = await _api.PostWithKey("k", """{"class_label": 77}""");
        using var broken = await _api.PostWithKey("k", "{");
        using var mended = await _api.PostWithKey("k", OneImage);

        await wrong.Error(HttpStatusCode.BadRequest);
        await broken.Error(HttpStatusCode.BadRequest);
        Assert.Equal(HttpStatusCode.OK, mended.StatusCode);
    }

    [Fact]
    public async Task Post_NotModified_LeavesTheKeyFree()
    {
        const string Seeded = """{"class_label": 0, "seed": 5}""";
        using var request = KeyedRequests.Create("k", Seeded);
        request.Headers.TryAddWithoutValidation("If-None-Match", "*");

        using var known = await _api.Client.SendAsync(request);
        using var whole = await _api.PostWithKey("k", Seeded);

        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
    }

    [Fact]
    public async Task Post_KeyWithAStream_Returns400AndLeavesTheKeyFree()
    {
        using var refused = await _api.PostWithKey("k", """{"class_label": 0, "stream": true}""");
        using var whole = await _api.PostWithKey("k", OneImage);

        var error = await refused.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("conflicting_fields", CustomHeaders.IdempotencyKey), (error.Code, error.Param));
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
    }
}

public sealed class UnfinishedResponseInMemoryTests() : UnfinishedResponseTests("memory");

public sealed class UnfinishedResponseInDatabaseTests() : UnfinishedResponseTests("database");
