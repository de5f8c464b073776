using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Idempotency;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>A switch as callers see it: every endpoint follows the current model.</summary>
public sealed class ModelSwitchTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Seeded = """{"class_label": "apple", "seed": 1}""";

    private readonly SwitchableApi _service = new();

    private TestApi Api => _service.Api;

    public Task InitializeAsync() => Api.InitializeAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Switch_EveryEndpoint_FollowsTheModel()
    {
        var before = await See();

        await SwitchTo("other");

        Assert.Equal(("fruits-fake", "fruits-fake", "fruits-fake", "apple", "apple"), before);
        Assert.Equal(("other-fruits-fake", "other-fruits-fake", "other-fruits-fake", "Cherry", "Cherry"), await See());
        using var old = await Api.Client.GetAsync(new Uri("/v1/models/fruits-fake", UriKind.Relative));
        Assert.Contains("'other-fruits-fake' or 'any'", (await old.Error(HttpStatusCode.NotFound)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Switch_OldNameInARequest_IsRejectedNamingTheNewOneAndAliasesAreServed()
    {
        await SwitchTo("other");

        using var old = await Api.PostImages("""{"class_label": 0, "model": "fruits-fake"}""");
        var alias = await Api.Generate("""{"class_label": 0, "model": "any"}""");

        Assert.Equal("model_not_found", (await old.Error(HttpStatusCode.BadRequest)).Code);
        Assert.Equal("other-fruits-fake", alias.Model);
    }

    [Fact]
    public async Task Switch_RequestIsRunning_FinishesOnTheModelThatValidatedIt()
    {
        using var gate = Api.Generator.HoldNextStep();
        var running = TestApi.Read(Api.PostImages(Seeded));
        await gate.Entered;
        await SwitchTo("other");
        var after = await Api.Generate(Seeded);

        gate.Open();
        var before = await running;

        Assert.Equal(("fruits-fake", 0, "other-fruits-fake", 4), (before.Model, before.Data[0].ClassId, after.Model, after.Data[0].ClassId));
        foreach (var (answer, hash) in (IEnumerable<(WireImagesResponse, string)>)[(before, FakeHash('a')), (after, FakeHash('b'))])
        {
            var provenance = ImageFile.FindProvenance(answer.Data[0].File)!;
            Assert.Equal((answer.Model, hash), (provenance.Model, provenance.BundleHash));
        }
    }

    [Fact]
    public async Task Switch_CallerHasTheETag_MatchesOnlyWhileTheModelServes()
    {
        using var first = await Api.PostImages(Seeded);
        var tag = ("If-None-Match", first.Headers.ETag!.ToString());

        await SwitchTo("other");
        using var other = await PostSeeded(tag);
        await SwitchTo("first");
        using var back = await PostSeeded(tag);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotModified), (other.StatusCode, back.StatusCode));
        Assert.NotEqual(first.Headers.ETag, other.Headers.ETag);
    }

    /// <summary>A key identifies one response: a repeated request gets the complete first response, with the model that it names.</summary>
    [Fact]
    public async Task Switch_RequestIsRepeatedWithItsIdempotencyKey_GetsItsFirstResponse()
    {
        using var first = await Api.PostWithKey("k", Seeded);
        await SwitchTo("other");

        using var again = await Api.PostWithKey("k", Seeded);
        using var another = await Api.PostWithKey("l", Seeded);

        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await again.Content.ReadAsByteArrayAsync());
        Assert.Equal(first.Headers.ETag, again.Headers.ETag);
        Assert.Equal("other-fruits-fake", (await TestApi.Read(Task.FromResult(another))).Model);
    }

    [Fact]
    public async Task Switch_FirstModelCouldNotBeLoaded_MakesTheServiceReady()
    {
        await using var broken = new SwitchableApi();
        broken.Api.Factory.FailNextLoad(new CheckpointException("gone"));
        await broken.Api.InitializeAsync();
        using var before = await broken.Api.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal("failed", (string?)(await broken.List())["lanes"]![0]!["state"]);

        using var made = await broken.SwitchTo("other");
        using var after = await broken.Api.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (before.StatusCode, after.StatusCode));
        Assert.Null((await made.Content.ReadFromJsonAsync<JsonObject>())!["replaced"]);
        Assert.Equal("other-fruits-fake", (await broken.Api.Generate(Seeded)).Model);
    }

    /// <summary>The model's name from three endpoints, and the name of class 0 from two.</summary>
    private async Task<(string? Ready, string? Listed, string? Answer, string? FirstClass, string? DrawnClass)> See()
    {
        var ready = await Api.Client.GetFromJsonAsync<JsonObject>("/health/ready");
        var models = await Api.Client.GetFromJsonAsync<JsonObject>("/v1/models");
        var classes = await Api.Client.GetFromJsonAsync<JsonObject>("/v1/classes");
        var images = await Api.Generate("""{"class_label": 0}""");
        return ((string?)ready!["model"], (string?)models!["data"]![0]!["id"], images.Model, (string?)classes!["data"]![0]!["name"], images.Data[0].ClassLabel);
    }

    private async Task SwitchTo(string bundle)
    {
        Api.Bundles["first"] = new(); // each load gets its own generator
        using var response = await _service.SwitchTo(bundle);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private Task<HttpResponseMessage> PostSeeded((string Name, string Value) header) =>
        Api.Post(TestApi.Images, new StringContent(Seeded, System.Text.Encoding.UTF8, "application/json"), header);

    private static string FakeHash(char digit) => new(digit, 64);
}
