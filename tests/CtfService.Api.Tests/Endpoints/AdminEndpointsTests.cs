using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Description;
using CtfService.Api.Tests.Security;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.TestSupport;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>The endpoints for operators.</summary>
public sealed class AdminEndpointsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly SwitchableApi _service = new();

    public Task InitializeAsync() => _service.Api.InitializeAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Post_BundleBelowTheRoot_SaysWhatIsLoadedAndWhatWasReplaced()
    {
        using var response = await _service.SwitchTo("other");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var made = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(("model_switch", "other"), ((string?)made["object"], (string?)made["bundle"]));
        Assert.Equal(("other-fruits-fake", new string('b', 64)), ((string?)made["model"]!["id"], (string?)made["model"]!["bundle_hash"]));
        Assert.Equal($$"""{"bundle":"first","id":"fruits-fake","bundle_hash":"{{new string('a', 64)}}"}""", made["replaced"]!.ToJsonString());
        Assert.Equal(["load_ms", "warm_up_ms", "switch_ms"], made["timings"]!.AsObject().Select(time => time.Key));
    }

    [Fact]
    public async Task Post_BundleIsDamaged_Returns422WithTheProblemAndLogsItOnce()
    {
        _service.Other.FailNextLoad(new CheckpointException("coarse.safetensors is missing."));

        using var refused = await _service.SwitchTo("other");

        var error = await refused.Error(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(("bundle_unusable", "bundle"), (error.Code, error.Param));
        Assert.Contains("model 'fruits-fake' keeps serving. coarse.safetensors is missing.", error.Message, StringComparison.Ordinal);
        error.AssertIsLikeItsExample(_service.Api, HttpStatusCode.UnprocessableEntity, isForOperators: true);
        Assert.Single((await _service.Api.Generate("""{"class_label": 0}""")).Data);
        Assert.Single(_service.Api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
        var last = (await _service.List())["last_switch"]!;
        Assert.Equal(("other", "coarse.safetensors is missing."), ((string?)last["bundle"], (string?)last["failure"]));
    }

    [Fact]
    public async Task Post_DeviceIsTooSmallForBoth_Returns503AndTheOldModelServes()
    {
        _service.Other.FailNextLoad(new OutOfDeviceMemoryException("The device has too little free memory for it."));

        using var refused = await _service.SwitchTo("other");

        var error = await refused.Error(HttpStatusCode.ServiceUnavailable);
        Assert.Equal("out_of_device_memory", error.Code);
        error.AssertIsLikeItsExample(_service.Api, HttpStatusCode.ServiceUnavailable, isForOperators: true);
        Assert.Equal("fruits-fake", (await _service.Api.Generate("""{"class_label": 0}""")).Model);
    }

    [Fact]
    public async Task Post_LoadThrowsAnUnexpectedError_Returns500WithoutInternals()
    {
        _service.Other.FailNextLoad(new NotSupportedException("secret of the loader"));

        using var refused = await _service.SwitchTo("other");

        var error = await refused.Error(HttpStatusCode.InternalServerError);
        error.AssertIsLikeItsExample(_service.Api, HttpStatusCode.InternalServerError, isForOperators: true);
        Assert.DoesNotContain("secret", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_AnotherSwitchIsInProgress_Returns409()
    {
        using var load = _service.Other.HoldNextLoad();
        var first = _service.SwitchTo("other");
        await load.Entered;

        using var second = await _service.SwitchTo("first");

        var error = await second.Error(HttpStatusCode.Conflict);
        Assert.Equal("switch_in_progress", error.Code);
        error.AssertIsLikeItsExample(_service.Api, HttpStatusCode.Conflict, isForOperators: true);
        Assert.Contains("'other' is already loading", error.Message, StringComparison.Ordinal);
        Assert.NotNull(second.Headers.RetryAfter);
        load.Open();
        using var made = await first;
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
    }

    [Fact]
    public async Task Post_OperatorHangsUp_SwitchesNevertheless()
    {
        using var load = _service.Other.HoldNextLoad();
        using var hangUp = new CancellationTokenSource();
        var answer = _service.SwitchTo("other", hangUp.Token);
        await load.Entered;

        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Equal(["active", "loading"], (await _service.List())["lanes"]!.AsArray().Select(lane => (string?)lane!["state"]));
        load.Open();

        var model = await NameWhenSwitched();
        Assert.Equal("other-fruits-fake", model);
        Assert.DoesNotContain(_service.Api.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Post_NoSuchBundle_GetsTheDocumentedError()
    {
        using var refused = await _service.SwitchTo("nowhere");

        (await refused.Error(HttpStatusCode.BadRequest)).AssertIsLikeItsExample(_service.Api, HttpStatusCode.BadRequest, isForOperators: true);
    }

    [Theory]
    [InlineData("{}", "required", "bundle")]
    [InlineData("""{"bundle": null}""", "required", "bundle")]
    [InlineData("""{"bundle": "nowhere"}""", "bundle_not_found", "bundle")]
    [InlineData("""{"bundle": "../first"}""", "invalid_bundle", "bundle")]
    [InlineData("""{"bundle": 7}""", "wrong_type", "bundle")]
    [InlineData("""{"bundle": "other", "name": "x"}""", "unknown_field", "name")]
    [InlineData("""{"bundle": "other", "bundle": "other"}""", "duplicate_field", "bundle")]
    [InlineData("""{"bundle": "other" """, "malformed_json", null)]
    [InlineData("[]", "wrong_type", null)]
    public async Task Post_WrongBody_Returns400AndLoadsNothing(string json, string code, string? param)
    {
        using var refused = await _service.Post(json);

        var error = await refused.Error(HttpStatusCode.BadRequest);
        Assert.Equal((code, param), (error.Code, error.Param));
        Assert.Equal(0, _service.Other.Loads);
    }

    [Theory]
    [InlineData(TestKeys.Studio, HttpStatusCode.Forbidden)]
    [InlineData(null, HttpStatusCode.Forbidden)] // anonymous callers are served, but are not operators
    [InlineData("ctf_unknown", HttpStatusCode.Unauthorized)]
    public async Task Post_NoAdminKey_IsRejectedBeforeTheBodyIsRead(string? key, HttpStatusCode expected)
    {
        using var content = new StringContent("no JSON", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, SwitchableApi.Address) { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", key is null ? null : $"Bearer {key}");

        using var refused = await _service.Api.Client.SendAsync(request);

        await refused.Error(expected);
        Assert.Equal(0, _service.Other.Loads);
    }

    [Fact]
    public async Task Any_ServiceHasNoKeys_IsClosed()
    {
        await using var api = new TestApi();
        await api.InitializeAsync();

        using var refused = await api.Get(SwitchableApi.Address);

        var error = await refused.Error(HttpStatusCode.Forbidden);
        Assert.Equal("admin_key_required", error.Code);
        Assert.Contains("even if image requests do not require a key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_BundlesOnDisk_ListsThemAndTheLoadedModels()
    {
        _service.Put("family/v2");
        _service.Put("broken", "{}");
        _service.Put(".hidden");

        var list = await _service.List();

        var bundles = list["data"]!.AsArray();
        Assert.Equal(["broken", "family/v2", "first", "other"], bundles.Select(bundle => (string?)bundle!["bundle"]));
        Assert.Contains("format_version", (string?)bundles[0]!["problem"], StringComparison.Ordinal);
        Assert.Equal(("fruits-64", null), ((string?)bundles[1]!["id"], (string?)bundles[1]!["problem"]));
        Assert.Equal(64, ((string?)bundles[1]!["bundle_hash"])!.Length);
        Assert.Equal(
            $$"""[{"bundle":"first","state":"active","id":"fruits-fake","bundle_hash":"{{new string('a', 64)}}","reason":null}]""",
            list["lanes"]!.ToJsonString());
        Assert.Null(list["last_switch"]);
    }

    [Theory]
    [InlineData("coarse.safetensors", true)]
    [InlineData("tokenizer.safetensors", false)]
    public async Task Get_WeightsAreDamaged_NamesTheFile(string name, bool isCutOff)
    {
        var weights = Path.Combine(_service.Put("damaged"), name);
        var content = await File.ReadAllBytesAsync(weights);
        File.Delete(weights);
        if (isCutOff)
        {
            await File.WriteAllBytesAsync(weights, content[..^100]);
        }

        var bundle = (await _service.List())["data"]!.AsArray().Single(bundle => (string?)bundle!["bundle"] == "damaged")!;

        Assert.Contains(isCutOff ? $"{name} has {content.Length - 100} bytes" : $"{name} is missing", (string?)bundle["problem"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_OldModelDrains_SaysSo()
    {
        using var gate = _service.Api.Generator.HoldNextStep();
        var running = _service.Api.PostImages("""{"class_label": 0}""");
        await gate.Entered;
        using var made = await _service.SwitchTo("other");

        var list = await _service.List();

        Assert.Equal([("other", "active"), ("first", "draining")], list["lanes"]!.AsArray().Select(lane => ((string?)lane!["bundle"], (string?)lane["state"])));
        Assert.Equal(_service.Api.Clock.GetUtcNow().ToUnixTimeSeconds(), (long)list["last_switch"]!["ended"]!);
        gate.Open();
        using var finished = await running;
        Assert.Equal(HttpStatusCode.OK, finished.StatusCode);
    }

    /// <summary>Sends image requests until the new model responds; the old one responds until then.</summary>
    private async Task<string> NameWhenSwitched()
    {
        string name;
        do
        {
            name = (await _service.Api.Generate("""{"class_label": 0}""")).Model;
        }
        while (name == FakeModels.Fruits.Name);
        return name;
    }
}
