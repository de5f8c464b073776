using System.Net;
using CtfService.Api.Contracts;
using CtfService.Api.Idempotency;
using CtfService.Api.Tests.Security;
using CtfService.Core.Generation;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Idempotency;

/// <summary>Requests with a key, with responses in memory and in the database.</summary>
public abstract class IdempotencyTests : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>A request without a seed, so that each generation gives another image.</summary>
    private const string OneImage = """{"class_label": 0}""";

    private readonly TestApi _api;

    /// <param name="state">Value of Storage:State.</param>
    protected IdempotencyTests(string state) => _api = new TestApi { Settings = { ["Storage:State"] = state } };

    public Task InitializeAsync() => _api.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData("application/json")]
    [InlineData("image/png")]
    public async Task Post_SameKeyAndBody_ReturnsTheSameResponseWithoutGenerating(string accept)
    {
        using var first = await _api.PostWithKey("k", OneImage, accept);
        var steps = _api.Generator.Steps.Count;

        using var second = await _api.PostWithKey("k", OneImage, accept);

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await second.Content.ReadAsByteArrayAsync());
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(Texts(first), Texts(second).Where(header => header.Key != CustomHeaders.IdempotentReplayed));
        // Each request has an id and a log line.
        Assert.NotEqual(first.Headers.GetValues(CustomHeaders.RequestId), second.Headers.GetValues(CustomHeaders.RequestId));
        Assert.False(first.Headers.Contains(CustomHeaders.IdempotentReplayed));
        Assert.Equal("true", Assert.Single(second.Headers.GetValues(CustomHeaders.IdempotentReplayed)));
        Assert.Equal(steps, _api.Generator.Steps.Count);
    }

    [Fact]
    public async Task Post_ImageResponse_KeepsItsHeaders()
    {
        using var first = await _api.PostWithKey("k", """{"class_label": 2, "seed": 3}""", "image/png");

        using var second = await _api.PostWithKey("k", """{"class_label": 2, "seed": 3}""", "image/png");

        Assert.Equal(("3", "red apple"), (Assert.Single(second.Headers.GetValues("X-Seed")), Assert.Single(second.Headers.GetValues("X-Class-Label"))));
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
    }

    [Fact]
    public async Task Post_WithoutKeyOrWithAnother_GeneratesAgain()
    {
        using var first = await _api.PostWithKey("k", OneImage);
        using var other = await _api.PostWithKey("l", OneImage);
        using var none = await _api.PostImages(OneImage);

        var bodies = await Task.WhenAll(new[] { first, other, none }.Select(response => response.Content.ReadAsStringAsync()));
        Assert.Equal(3, bodies.Distinct().Count());
    }

    [Theory]
    [InlineData("""{"class_label": 1}""", null)]
    [InlineData(OneImage, "image/png")]
    public async Task Post_SameKeyOtherRequest_Returns422(string json, string? accept)
    {
        using var first = await _api.PostWithKey("k", OneImage);

        using var refused = await _api.PostWithKey("k", json, accept);

        var error = await refused.Error(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(("invalid_request_error", "idempotency_key_reused", CustomHeaders.IdempotencyKey), (error.Type, error.Code, error.Param));
    }

    [Theory]
    [InlineData("with space", "has 10 characters, or some that are not allowed")]
    [InlineData("ümlaut", "some that are not allowed")]
    [InlineData(256, "has 256 characters")]
    public async Task Post_KeyIsMalformed_Returns400(object key, string expected)
    {
        using var refused = await _api.PostWithKey(key is int length ? new string('k', length) : (string)key, OneImage);

        var error = await refused.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("invalid_idempotency_key", CustomHeaders.IdempotencyKey), (error.Code, error.Param));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_KeyOfTheLongestLength_IsAccepted()
    {
        using var response = await _api.PostWithKey(new string('~', IdempotencyKey.MaxLength), OneImage);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Post_TwoKeys_Returns400()
    {
        using var request = KeyedRequests.Create("k", OneImage);
        request.Headers.TryAddWithoutValidation(CustomHeaders.IdempotencyKey, "l");

        using var refused = await _api.Client.SendAsync(request);

        Assert.Contains("occurs 2 times", (await refused.Error(HttpStatusCode.BadRequest)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_AfterTheLifetime_GeneratesAgain()
    {
        using var first = await _api.PostWithKey("k", OneImage);
        _api.Clock.Advance(new IdempotencyOptions().Lifetime);

        using var second = await _api.PostWithKey("k", OneImage);

        Assert.NotEqual(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Post_UploadRepeatedWithAnotherBoundary_ReturnsTheSameResponse()
    {
        using var first = await Vary("k", "one");
        using var second = await Vary("k", "another");

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Post_SameKeyOfAnotherCaller_GeneratesAgain()
    {
        await using var api = TestKeys.Api([.. _api.Settings.Select(setting => (setting.Key, setting.Value))]);
        await api.InitializeAsync();
        var answers = new List<string>();
        foreach (var caller in new[] { TestKeys.Studio, TestKeys.Operator, TestKeys.Studio })
        {
            using var request = KeyedRequests.Create("k", OneImage);
            request.Headers.Add("Authorization", $"Bearer {caller}");
            using var response = await api.Client.SendAsync(request);
            answers.Add(await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(answers[0], answers[2]);
        Assert.NotEqual(answers[0], answers[1]);
    }

    [Fact]
    public async Task Get_WithKey_IgnoresTheKey()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.TryAddWithoutValidation(CustomHeaders.IdempotencyKey, "not valid");

        using var response = await _api.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private Task<HttpResponseMessage> Vary(string key, string boundary)
    {
        var picture = ImageCodec.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), ImageFormat.Png);
        var form = new MultipartFormDataContent(boundary) { { new ByteArrayContent(picture), "image", "picture.png" } };
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/variations") { Content = form };
        request.Headers.Add(CustomHeaders.IdempotencyKey, key);
        return _api.Client.SendAsync(request);
    }

    private static IEnumerable<KeyValuePair<string, string>> Texts(HttpResponseMessage response) =>
        response.Headers
            .Where(header => !header.Key.Equals(CustomHeaders.RequestId, StringComparison.OrdinalIgnoreCase))
            .Select(header => KeyValuePair.Create(header.Key, string.Join(',', header.Value)))
            .OrderBy(header => header.Key, StringComparer.Ordinal);
}

public sealed class IdempotencyInMemoryTests() : IdempotencyTests("memory");

public sealed class IdempotencyInDatabaseTests() : IdempotencyTests("database");
