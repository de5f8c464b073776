using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CtfService.Api.Description;
using CtfService.Api.Tests.Security;
using CtfService.Jobs.State;
using CtfService.Jobs.Work;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Endpoints;

/// <summary>API keys that operators create, rotate and revoke over HTTP.</summary>
public sealed class KeyEndpointsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = TestKeys.Api();

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Post_AName_ReturnsASecretThatWorksAtOnce()
    {
        var created = await _api.CreateKey("""{"name": "new", "weight": 3, "requests_per_minute": 50}""");

        var secret = (string)created["secret"]!;
        Assert.Matches("^ctf_[A-Za-z0-9_-]{43}$", secret);
        var key = created["key"]!;
        Assert.Equal(("store", "new"), ((string)key["source"]!, (string)key["name"]!));
        Assert.Equal((3, false, 50), ((int)key["weight"]!, (bool)key["admin"]!, (int)key["requests_per_minute"]!));
        Assert.Equal(secret[..10], (string?)Assert.Single(key["secrets"]!.AsArray())!["prefix"]);
        using var response = await _api.Get("/v1/models", TestKeys.Bearer(secret));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var forbidden = await _api.Get("/v1/admin/keys", TestKeys.Bearer(secret));
        Assert.Equal("admin_key_required", (await forbidden.Error(HttpStatusCode.Forbidden)).Code);
    }

    [Fact]
    public async Task Post_Answer_IsKeptByNoCacheAndNoLog()
    {
        using var response = await _api.PostAs(TestKeys.Operator, "/v1/admin/keys", """{"name": "new"}""");

        Assert.True(response.Headers.CacheControl!.NoStore);
        var secret = (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["secret"]!;
        Assert.DoesNotContain(_api.Logs.Entries, entry => entry.Text.Contains(secret, StringComparison.Ordinal));
        var logged = Assert.Single(_api.Logs.Entries, entry => entry.Text.Contains("Key new", StringComparison.Ordinal));
        Assert.EndsWith("by operator", logged.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_OfAllKeys_HasNoSecret()
    {
        var created = await _api.CreateKey("""{"name": "new"}""");

        var stored = Directory.GetFiles(_api.Storage.Root, "*", SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))
            .Select(file =>
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using var reader = new StreamReader(stream, Encoding.Latin1);
                return reader.ReadToEnd();
            })
            .ToList();

        var secret = (string)created["secret"]!;
        Assert.Contains(stored, text => text.Contains(TestKeys.Hash(secret), StringComparison.Ordinal));
        Assert.DoesNotContain(stored, text => text.Contains(secret[10..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_AllKeys_ListsConfiguredOnesFirstAndNoSecrets()
    {
        var created = await _api.CreateKey("""{"name": "new", "admin": true}""");

        using var response = await _api.Get("/v1/admin/keys", TestKeys.Bearer((string)created["secret"]!));

        var text = await response.Content.ReadAsStringAsync();
        var keys = JsonNode.Parse(text)!["data"]!.AsArray();
        Assert.Equal(
            ["studio configuration", "operator configuration", "new store"], keys.Select(key => $"{(string)key!["name"]!} {(string)key["source"]!}"));
        Assert.Null(keys[0]!["id"]);
        Assert.DoesNotContain(((string)created["secret"]!)[10..], text, StringComparison.Ordinal);
        Assert.DoesNotContain("sha256", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Delete_AKey_RefusesItAtOnce()
    {
        var created = await _api.CreateKey("""{"name": "new"}""");

        using var revoked = await _api.Delete(created);

        Assert.Equal(HttpStatusCode.OK, revoked.StatusCode);
        using var refused = await _api.Get("/v1/models", TestKeys.Bearer((string)created["secret"]!));
        Assert.Equal("invalid_api_key", (await refused.Error(HttpStatusCode.Unauthorized)).Code);
        using var again = await _api.Delete(created);
        AssertIsExample(await again.Error(HttpStatusCode.NotFound), HttpStatusCode.NotFound);
        await _api.CreateKey("""{"name": "new"}"""); // the name is free
    }

    [Fact]
    public async Task Rotate_WithGrace_BothSecretsWorkUntilItIsOver()
    {
        var created = await _api.CreateKey("""{"name": "new"}""");
        var id = (string)created["key"]!["id"]!;

        using var response = await _api.PostAs(TestKeys.Operator, $"/v1/admin/keys/{id}/rotate", """{"grace_seconds": 60}""");

        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var rotated = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(2, rotated["key"]!["secrets"]!.AsArray().Count);
        var (old, latest) = ((string)created["secret"]!, (string)rotated["secret"]!);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await Status(old), await Status(latest)));
        _api.Clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await Status(old), await Status(latest)));
    }

    [Fact]
    public async Task Use_AfterTheExpiry_IsRefused()
    {
        var expiry = _api.Clock.GetUtcNow().AddSeconds(30).ToUnixTimeSeconds();
        var secret = (string)(await _api.CreateKey($$"""{"name": "new", "expires_at": {{expiry}}}"""))["secret"]!;

        Assert.Equal(HttpStatusCode.OK, await Status(secret));
        _api.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.Unauthorized, await Status(secret));
    }

    [Fact]
    public async Task Use_WithALimitOfItsOwn_IsLimited()
    {
        var secret = (string)(await _api.CreateKey("""{"name": "new", "requests_per_minute": 1}"""))["secret"]!;

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (await Status(secret), await Status(secret)));
    }

    [Theory]
    [InlineData("true", HttpStatusCode.OK)]
    [InlineData("false", HttpStatusCode.Forbidden)]
    public async Task Use_ForHighPriority_NeedsPermission(string permission, HttpStatusCode expected)
    {
        var created = await _api.CreateKey($$"""{"name": "new", "may_request_high_priority": {{permission}}}""");

        using var response = await _api.PostAs((string)created["secret"]!, TestApi.Images, """{"class_label": 0, "priority": "high"}""");

        Assert.Equal(permission, created["key"]!["may_request_high_priority"]!.ToJsonString());
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Use_WithLimitsOfImages_IsLimited()
    {
        var created = await _api.CreateKey("""{"name": "new", "images_per_minute": 5, "images_per_day": 1}""");
        using var first = await _api.PostAs((string)created["secret"]!, TestApi.Images, """{"class_label": 0}""");
        using var second = await _api.PostAs((string)created["secret"]!, TestApi.Images, """{"class_label": 0}""");

        Assert.Equal((5, 1), ((int)created["key"]!["images_per_minute"]!, (int)created["key"]!["images_per_day"]!));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.TooManyRequests), (first.StatusCode, second.StatusCode));
    }

    [Theory]
    [InlineData("""{}""", "name", "required")]
    [InlineData("""{"name": "a b"}""", "name", "invalid_name")]
    [InlineData("""{"name": ""}""", "name", "invalid_name")]
    [InlineData("""{"name": "new", "weight": 0}""", "weight", "out_of_range")]
    [InlineData("""{"name": "new", "weight": 1001}""", "weight", "out_of_range")]
    [InlineData("""{"name": "new", "requests_per_minute": -1}""", "requests_per_minute", "out_of_range")]
    [InlineData("""{"name": "new", "images_per_minute": 1000001}""", "images_per_minute", "out_of_range")]
    [InlineData("""{"name": "new", "images_per_day": -1}""", "images_per_day", "out_of_range")]
    [InlineData("""{"name": "new", "expires_at": 1000}""", "expires_at", "out_of_range")]
    [InlineData("""{"name": "new", "expires_at": 9223372036854775807}""", "expires_at", "out_of_range")]
    [InlineData("""{"name": "new", "expires_at": "tomorrow"}""", "expires_at", "wrong_type")]
    [InlineData("""{"name": "new", "secret": "mine"}""", "secret", "unknown_field")]
    public async Task Post_AnInvalidKey_Returns400(string json, string param, string code)
    {
        using var response = await _api.PostAs(TestKeys.Operator, "/v1/admin/keys", json);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal((param, code), (error.Param, error.Code));
    }

    [Theory]
    [InlineData("""{}""", "required")]
    [InlineData("""{"grace_seconds": -1}""", "out_of_range")]
    [InlineData("""{"grace_seconds": 2592001}""", "out_of_range")]
    public async Task Rotate_WithoutAPossibleGrace_Returns400(string json, string code)
    {
        var id = (string)(await _api.CreateKey("""{"name": "new"}"""))["key"]!["id"]!;

        using var response = await _api.PostAs(TestKeys.Operator, $"/v1/admin/keys/{id}/rotate", json);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("grace_seconds", code), (error.Param, error.Code));
    }

    [Theory]
    [InlineData("studio")]
    [InlineData("OPERATOR")]
    [InlineData("New")]
    public async Task Post_ANameThatIsTaken_Returns409(string name)
    {
        await _api.CreateKey("""{"name": "new"}""");

        using var response = await _api.PostAs(TestKeys.Operator, "/v1/admin/keys", $$"""{"name": "{{name}}"}""");

        AssertIsExample(await response.Error(HttpStatusCode.Conflict), HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData(TestKeys.Studio, HttpStatusCode.Forbidden)]
    [InlineData("ctf_unknown", HttpStatusCode.Unauthorized)]
    public async Task Post_ByOthersThanOperators_IsRefused(string key, HttpStatusCode expected)
    {
        using var response = await _api.PostAs(key, "/v1/admin/keys", """{"name": "new", "admin": true}""");

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task All_WithoutAStore_Return501AndConfiguredKeysWork()
    {
        await using var api = TestKeys.Api(("Jobs:Enabled", "false"));
        await api.InitializeAsync();

        using var list = await api.Get("/v1/admin/keys", TestKeys.Bearer(TestKeys.Operator));
        using var create = await api.PostAs(TestKeys.Operator, "/v1/admin/keys", """{"name": "new"}""");
        using var models = await api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));

        AssertIsExample(await list.Error(HttpStatusCode.NotImplemented), HttpStatusCode.NotImplemented);
        Assert.Equal("no_key_store", (await create.Error(HttpStatusCode.NotImplemented)).Code);
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
    }

    [Fact]
    public async Task All_WithoutJobsButWithStateInTheDatabase_Work()
    {
        await using var api = TestKeys.Api(("Jobs:Enabled", "false"), ("Storage:State", "database"));
        await api.InitializeAsync();
        var isCreatedAtStart = File.Exists(api.Storage.File("jobs.db"));

        var created = await api.CreateKey("""{"name": "new"}""");
        using var models = await api.Get("/v1/models", TestKeys.Bearer((string)created["secret"]!));

        Assert.False(isCreatedAtStart);
        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
    }

    [Fact]
    public async Task All_StoreAway_UnknownKeysGet503AndConfiguredKeysWork()
    {
        await using var api = TestKeys.Api(services => services.AddSingleton<IKeyStore>(new BrokenKeyStore()));
        await api.InitializeAsync();

        using var models = await api.Get("/v1/models", TestKeys.Bearer(TestKeys.Studio));
        using var unknown = await api.Get("/v1/models", TestKeys.Bearer("ctf_unknown"));
        using var list = await api.Get("/v1/admin/keys", TestKeys.Bearer(TestKeys.Operator));

        Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        Assert.Equal("key_store_unavailable", (await unknown.Error(HttpStatusCode.ServiceUnavailable)).Code);
        Assert.NotNull(unknown.Headers.RetryAfter);
        Assert.Equal("storage_unavailable", (await list.Error(HttpStatusCode.ServiceUnavailable)).Code);
    }

    private async Task<HttpStatusCode> Status(string key)
    {
        using var response = await _api.Get("/v1/models", TestKeys.Bearer(key));
        return response.StatusCode;
    }

    private void AssertIsExample(WireError error, HttpStatusCode status)
    {
        var example = Assert.Single(_api.Services.GetRequiredService<ErrorExamples>().Of((int)status, "/v1/admin/keys"), example => example.Code == error.Code);
        Assert.Equal(example.Param, error.Param);
    }

    private sealed class BrokenKeyStore : IKeyStore
    {
        public bool IsShared => true;

        public Task<StoredKeys?> ListAsync(long? known, CancellationToken cancellation) => throw new JobStoreUnavailableException("away");

        public Task<StoredKey?> CreateAsync(KeySettings settings, DateTimeOffset? expiresAt, NewSecret secret, CancellationToken cancellation) =>
            throw new JobStoreUnavailableException("away");

        public Task<StoredKey?> RotateAsync(string id, NewSecret secret, TimeSpan grace, CancellationToken cancellation) =>
            throw new JobStoreUnavailableException("away");

        public Task<string?> RevokeAsync(string id, CancellationToken cancellation) => throw new JobStoreUnavailableException("away");
    }
}
