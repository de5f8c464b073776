using System.Net;
using System.Text;
using CtfService.Api.Security;
using CtfService.Api.Tests.Datasets;
using CtfService.Api.Tests.Idempotency;

namespace CtfService.Api.Tests.Security;

/// <summary>Limits of the images of single callers: what counts, what is given back, and what callers are told.</summary>
public sealed class ImageQuotaTests : IAsyncLifetime, IAsyncDisposable
{
    private const string OneImage = """{"class_label": 0}""";

    private const string TwoImages = """{"class_label": 0, "n": 2}""";

    private TestApi _api = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => _api?.DisposeAsync() ?? ValueTask.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Post_AboveTheImagesOfAMinute_Returns429WithHeadersUntilTheMinuteEnds()
    {
        await StartAsync(("Security:ImagesPerMinute", "3"), ("Security:RequestsPerMinute", "10"));

        using var first = await PostAsync(TwoImages);
        _api.Clock.Advance(TimeSpan.FromSeconds(18));
        using var refused = await PostAsync(TwoImages);
        using var fits = await PostAsync(OneImage);
        _api.Clock.Advance(TimeSpan.FromSeconds(42));
        using var later = await PostAsync(TwoImages);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(["10", "9", "1m0s", "3", "1", "1m0s"], Limits(first));
        var error = await refused.Error(HttpStatusCode.TooManyRequests);
        Assert.Equal("rate_limit_exceeded", error.Code);
        Assert.Equal(
            "This key has used 2 of its 3 images per minute (ImagesPerMinute), and this asks for 2 more. They are counted anew in 42s. "
            + "Try again then, or ask the operator of this service to raise the limit.",
            error.Message);
        Assert.Equal(TimeSpan.FromSeconds(42), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(["10", "8", "42s", "3", "1", "42s"], Limits(refused));
        Assert.Equal((HttpStatusCode.OK, "0"), (fits.StatusCode, Limits(fits)[4]));
        Assert.Equal(["10", "9", "1m0s", "3", "1", "1m0s"], Limits(later));
    }

    [Fact]
    public async Task Post_MoreThanTheLimit_IsRefusedForGood()
    {
        await StartAsync(("Security:ImagesPerDay", "1"));

        using var refused = await PostAsync(TwoImages);

        var error = await refused.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("more_than_rate_limit", "n"), (error.Code, error.Param));
        Assert.Contains("expected at most 1, because this key may draw 1 images per day (ImagesPerDay)", error.Message, StringComparison.Ordinal);
        Assert.Null(refused.Headers.RetryAfter);
        Assert.Equal(["1", "1", "0s"], Limits(refused));
    }

    [Fact]
    public async Task Post_InvalidRequest_CountsAsARequestAndDrawsNothing()
    {
        await StartAsync(("Security:ImagesPerMinute", "3"), ("Security:RequestsPerMinute", "10"));

        using var invalid = await PostAsync("""{"class_label": "nothing like it", "n": 2}""");

        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        Assert.Equal(["10", "9", "1m0s", "3", "3", "0s"], Limits(invalid));
    }

    [Fact]
    public async Task Get_OfALimitedCaller_HasTheHeadersOfTheLimitWithFewerLeft()
    {
        await StartAsync(("Security:ImagesPerMinute", "8"), ("Security:ApiKeys:0:ImagesPerDay", "4"));
        using var drawn = await PostAsync(OneImage);

        using var models = await _api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));
        using var other = await _api.Get("/v1/models", TestKeys.Bearer(TestKeys.Operator));

        Assert.Equal(["4", "3", "24h0m0s"], Limits(models));
        Assert.Equal(["8", "8", "0s"], Limits(other));
    }

    [Fact]
    public async Task Get_CallerWithoutLimits_HasNoSuchHeaders()
    {
        await StartAsync();

        using var response = await PostAsync(OneImage);

        Assert.Empty(Limits(response));
    }

    [Fact]
    public async Task Post_DrawingFails_GivesTheImagesBack()
    {
        await StartAsync(("Security:ImagesPerMinute", "2"));
        _api.Generator.FailNextStep(new InvalidOperationException("for the test"));

        using var failed = await PostAsync(TwoImages);
        using var again = await PostAsync(TwoImages);

        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal(["2", "2", "1m0s"], Limits(failed));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task Post_QueueIsFull_GivesTheImagesBack()
    {
        await StartAsync(("Security:ImagesPerMinute", "4"), ("Inference:MaxQueuedImages", "2"), ("Limits:MaxImagesPerRequest", "2"));
        using var gate = _api.Generator.HoldNextStep();
        var running = PostAsync(OneImage);
        await gate.Entered;
        var waiting = PostAsync(TwoImages);
        await _api.WhenWaiting(2);
        using var full = await PostAsync(OneImage);

        gate.Open();
        using var finished = await running;
        using var waited = await waiting;

        Assert.Equal("queue_share_full", (await full.Error(HttpStatusCode.TooManyRequests)).Code);
        Assert.Equal(HttpStatusCode.OK, finished.StatusCode);
        Assert.Equal("1", Limits(full)[1]); // one runs, two wait
    }

    [Fact]
    public async Task Stream_FinishedImages_StayCharged()
    {
        await StartAsync(("Security:ImagesPerMinute", "3"));

        using var stream = await PostAsync("""{"class_label": 0, "n": 2, "stream": true}""");
        var events = await stream.Content.ReadAsStringAsync();
        using var models = await _api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));

        Assert.Contains("[DONE]", events, StringComparison.Ordinal);
        Assert.Equal(["3", "1", "1m0s"], Limits(stream));
        Assert.Equal(["3", "1", "1m0s"], Limits(models));
    }

    [Fact]
    public async Task Post_ReplayedAnswer_DrawsNothing()
    {
        await StartAsync(("Security:ImagesPerMinute", "2"), ("Security:AllowAnonymous", "true"));
        using var first = await _api.PostWithKey("k", TwoImages);

        using var replayed = await _api.PostWithKey("k", TwoImages);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, replayed.StatusCode));
        Assert.True(replayed.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal("0", Limits(replayed)[1]);
    }

    [Fact]
    public async Task Post_CallerHasTheImagesAlready_DrawsNothing()
    {
        await StartAsync(("Security:ImagesPerMinute", "1"));
        const string Seeded = """{"class_label": 0, "seed": 3}""";
        using var first = await PostAsync(Seeded);

        using var known = await PostAsync(Seeded, ("If-None-Match", first.Headers.ETag!.ToString()));

        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal("0", Limits(known)[1]);
    }

    [Fact]
    public async Task Dataset_ImagesOfADay_CountWhenItIsCreated()
    {
        await StartAsync(("Security:ImagesPerDay", "10"), ("Security:ImagesPerMinute", "1"));
        Task<HttpResponseMessage> Create(int images) => _api.PostAs(TestKeys.Studio, DatasetClient.Path, $"{{\"counts\": {{\"red apple\": {images}}}}}");

        using var created = await Create(7);
        using var refused = await Create(4);
        using var impossible = await Create(11);
        using var models = await _api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));

        Assert.Equal(HttpStatusCode.OK, created.StatusCode);
        Assert.Contains("has used 7 of its 10 images per day", (await refused.Error(HttpStatusCode.TooManyRequests)).Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromDays(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal("more_than_rate_limit", (await impossible.Error(HttpStatusCode.BadRequest)).Code);
        Assert.Equal(["1", "1", "0s"], Limits(models)); // the minute has fewer left, and the job did not count there
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.2, "1ms")]
    [InlineData(120, "120ms")]
    [InlineData(999.5, "1000ms")]
    [InlineData(1_000, "1s")]
    [InlineData(1_001, "2s")]
    [InlineData(59_001, "1m0s")]
    [InlineData(360_000, "6m0s")]
    [InlineData(86_399_000, "23h59m59s")]
    [InlineData(86_400_000, "24h0m0s")]
    public void Format_Time_IsWrittenAsOpenAiDoes(double milliseconds, string expected) =>
        Assert.Equal(expected, RateLimitHeaders.Format(TimeSpan.FromMilliseconds(milliseconds)));

    private async Task StartAsync(params (string Key, string Value)[] settings)
    {
        _api = TestKeys.Api(settings);
        await _api.InitializeAsync();
    }

    private Task<HttpResponseMessage> PostAsync(string json, (string Name, string Value)? header = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, TestApi.Images) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {TestKeys.Studio}");
        if (header is var (name, value))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return _api.Client.SendAsync(request);
    }

    /// <summary>Returns limit, remaining and reset of requests, then of images; those that the response has.</summary>
    private static List<string> Limits(HttpResponseMessage response) =>
        [.. RateLimitHeaders.Names.Where(response.Headers.Contains).Select(name => response.Headers.GetValues(name).Single())];
}
