using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Tests.Security;
using CtfService.Api.Validation;
using CtfService.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Datasets;

/// <summary>Requests for data sets: what is refused and why, and what an accepted one is answered.</summary>
public sealed class DatasetRequestTests : IAsyncLifetime
{
    private readonly TestApi _api = TestKeys.Api(
        ("Security:AllowAnonymous", "true"), ("Jobs:MaxImages", "1000"), ("Jobs:MaxUnfinishedImages", "100"), ("Jobs:MaxUnfinishedJobs", "2"),
        ("Jobs:ShardImages", "64"));

    private const string One = """{"counts": {"apple": 1}}""";

    private DatasetClient _datasets = null!;

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _datasets = new DatasetClient(_api);
    }

    public Task DisposeAsync() => ((IAsyncLifetime)_api).DisposeAsync();

    [Theory]
    [InlineData("""{}""", "required", "per_class")]
    [InlineData("""{"per_class": 0}""", "out_of_range", "per_class")]
    [InlineData("""{"per_class": 201}""", "too_many_images", "per_class")]
    [InlineData("""{"per_class": 2147483647}""", "too_many_images", "per_class")]
    [InlineData("""{"per_class": 1, "counts": {"apple": 1}}""", "conflicting_fields", "per_class")]
    [InlineData("""{"counts": {"apple": 1}, "classes": ["apple"]}""", "conflicting_fields", "classes")]
    [InlineData("""{"per_class": 1, "classes": []}""", "required", "classes")]
    [InlineData("""{"per_class": 1, "classes": ["apple", null]}""", "wrong_type", "classes")]
    [InlineData("""{"per_class": 1, "classes": ["apple", 0]}""", "duplicate_class", "classes")]
    [InlineData("""{"per_class": 1, "classes": [5]}""", "unknown_class", "classes")]
    [InlineData("""{"counts": {}}""", "out_of_range", "counts")]
    [InlineData("""{"counts": {"apple": 0}}""", "out_of_range", "counts")]
    [InlineData("""{"counts": {"apple": -1}}""", "out_of_range", "counts.apple")]
    [InlineData("""{"counts": {"aple": 1}}""", "unknown_class", "counts")]
    [InlineData("""{"counts": {"apple": 1, "0": 1}}""", "duplicate_class", "counts")]
    [InlineData("""{"counts": {"apple": 1.5}}""", "wrong_type", "counts.apple")]
    [InlineData("""{"counts": {"red apple": "many"}}""", "wrong_type", "counts.red apple")]
    [InlineData("""{"counts": [1]}""", "wrong_type", "counts")]
    [InlineData("""{"per_class": 1, "format": "zip"}""", "unsupported_value", "format")]
    [InlineData("""{"per_class": 1, "image_format": "gif"}""", "unsupported_value", "image_format")]
    [InlineData("""{"per_class": 1, "quality": 101}""", "out_of_range", "quality")]
    [InlineData("""{"per_class": 1, "name": "../x"}""", "invalid_name", "name")]
    [InlineData("""{"per_class": 1, "name": "x\n"}""", "invalid_name", "name")]
    [InlineData("""{"per_class": 1, "name": ""}""", "invalid_name", "name")]
    [InlineData("""{"per_class": 1, "shard_size": 65}""", "out_of_range", "shard_size")]
    [InlineData("""{"per_class": 1, "shard_size": 0}""", "out_of_range", "shard_size")]
    [InlineData("""{"per_class": 1, "temperature": 99}""", "out_of_range", "temperature")]
    [InlineData("""{"per_class": 1, "fine": {"top_p": 0}}""", "out_of_range", "fine.top_p")]
    [InlineData("""{"per_class": 1, "model": "other"}""", "model_not_found", "model")]
    [InlineData("""{"per_class": 1, "metadata": {"": "x"}}""", "too_long", "metadata")]
    [InlineData("""{"per_class": 1, "metadata": {"a": null}}""", "wrong_type", "metadata.a")]
    [InlineData("""{"per_class": 1, "expires_after": {}}""", "required", "expires_after.seconds")]
    [InlineData("""{"per_class": 1, "expires_after": {"seconds": 59}}""", "out_of_range", "expires_after.seconds")]
    [InlineData("""{"per_class": 1, "expires_after": {"seconds": 604801}}""", "out_of_range", "expires_after.seconds")]
    [InlineData("""{"per_class": 1, "expires_after": {"anchor": "ended_at", "seconds": 60}}""", "unsupported_value", "expires_after.anchor")]
    [InlineData("""{"per_class": 1, "webhook": "http://example.org/"}""", "invalid_webhook", "webhook")]
    [InlineData("""{"per_class": 1, "steps": 3}""", "unknown_field", "steps")]
    public async Task Create_AnInvalidField_IsRefusedByName(string json, string code, string param)
    {
        var error = await DatasetClient.ErrorAsync(await _datasets.PostAsync(json), HttpStatusCode.BadRequest);

        Assert.Equal((code, param), (error.Code, error.Param));
        Assert.Empty((await _datasets.GetAsync(DatasetClient.Path)).GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task Create_SeveralProblems_AreAllInTheResponse()
    {
        using var response = await _datasets.PostAsync("""{"counts": {"aple": 1, "kiwi": 2}, "format": "zip", "quality": -1, "top_k": -1}""");

        var details = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetProperty("details");
        Assert.Equal(
            ["counts", "counts", "top_k", "quality", "format"],
            details.EnumerateArray().Select(detail => detail.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task Validate_ShardSizeThatMakesTooManyFiles_NamesTheSmallest()
    {
        await using var api = TestKeys.Api(("Jobs:MaxImages", "1000000"));
        var validator = api.Services.GetRequiredService<DatasetRequestValidator>();
        var model = FakeModels.Fruits;
        var most = new DatasetRequest { Counts = new Dictionary<string, int> { ["apple"] = 200_000 }, ShardSize = 2 };

        var refused = Assert.Throws<RequestRefusedException>(() => validator.Validate(most with { ShardSize = 1 }, model)).Error;

        Assert.Equal(("out_of_range", "shard_size"), (refused.Code, refused.Param));
        Assert.Contains("shard_size is 1 for 200000 images; expected at least 2", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, validator.Validate(most, model).Plan.ShardSize);
    }

    [Fact]
    public async Task Create_AMisspeltClass_SuggestsTheClass()
    {
        var error = await DatasetClient.ErrorAsync(await _datasets.PostAsync("""{"counts": {"bananna": 1}}"""), HttpStatusCode.BadRequest);

        Assert.Contains("Did you mean 'banana'?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_AValidRequest_IsAnsweredWithTheDataset()
    {
        var made = await _datasets.CreateAsync(
            """{"per_class": 3, "format": "npz", "seed": 9, "metadata": {"for": "tests"}, "expires_after": {"anchor": "created_at", "seconds": 3600}}""");

        Assert.StartsWith("dset_", made.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal(("dataset", "validating"), (made.GetProperty("object").GetString(), made.GetProperty("status").GetString()));
        Assert.Equal(
            (15, 0, 0),
            (Count(made, "total"), Count(made, "completed"), Count(made, "failed")));
        Assert.Equal(3_600, made.GetProperty("expires_at").GetInt64() - made.GetProperty("created_at").GetInt64());
        Assert.Equal("tests", made.GetProperty("metadata").GetProperty("for").GetString());
        Assert.Equal(15 * ((8 * 8 * 3) + 8), made.GetProperty("estimated_bytes").GetInt64());
        Assert.Equal(("fruits-fake", new string('a', 64)), (made.GetProperty("model").GetString(), made.GetProperty("bundle_hash").GetString()));
        Assert.Equal((9, 64, 1, 5), (Number(made, "seed"), Number(made, "shard_size"), Number(made, "shards"), Number(made, "classes")));
        Assert.Equal(1.1f, made.GetProperty("coarse").GetProperty("temperature").GetSingle());
        Assert.Equal(JsonValueKind.Null, made.GetProperty("files").ValueKind);
    }

    [Fact]
    public async Task Create_WithoutASeed_DrawsOneThatRepeatsTheDataset()
    {
        var first = await _datasets.CreateAsync("""{"counts": {"apple": 2}}""");
        var seed = first.GetProperty("seed").GetUInt64();
        var again = await _datasets.CreateAsync($$"""{"counts": {"apple": 2}, "seed": "{{seed}}"}""");
        string[] ids = [first.GetProperty("id").GetString()!, again.GetProperty("id").GetString()!];
        await Task.WhenAll(ids.Select(_datasets.EndedAsync));

        Assert.InRange(seed, 0ul, 1ul << 53);
        Assert.Equal(await _datasets.FilesAsync(ids[0]), await _datasets.FilesAsync(ids[1]));
    }

    [Fact]
    public async Task Create_MoreImagesThanTheQuota_Is429AndCountsFinishedOnesNoMore()
    {
        using var gate = _api.Generator.HoldNextStep();
        var running = await _datasets.IdOf("""{"counts": {"apple": 60}}""");

        var error = await DatasetClient.ErrorAsync(await _datasets.PostAsync("""{"counts": {"apple": 41}}"""), HttpStatusCode.TooManyRequests);
        gate.Open();
        await _datasets.EndedAsync(running);

        Assert.Equal("image_quota_exceeded", error.Code);
        Assert.Contains("ask for 60 images and this request for 41", error.Message, StringComparison.Ordinal);
        await _datasets.EndedAsync(await _datasets.IdOf("""{"counts": {"apple": 100}}"""));
    }

    [Fact]
    public async Task Create_MoreJobsThanTheQuota_Is429UntilOneHasEnded()
    {
        using var gate = _api.Generator.HoldNextStep();
        string[] running = [await _datasets.IdOf(One), await _datasets.IdOf(One)];

        var error = await DatasetClient.ErrorAsync(await _datasets.PostAsync(One), HttpStatusCode.TooManyRequests);
        gate.Open();
        await Task.WhenAll(running.Select(_datasets.EndedAsync));

        Assert.Equal("job_quota_exceeded", error.Code);
        Assert.Contains("2 unfinished jobs, and may have at most 2 (Jobs:MaxUnfinishedJobs)", error.Message, StringComparison.Ordinal);
        await _datasets.EndedAsync(await _datasets.IdOf(One));
    }

    [Fact]
    public async Task Create_TheSameIdempotencyKeyTwice_MakesOneDataset()
    {
        var first = await PostAsync();
        var second = await PostAsync();

        Assert.Equal(first, second);
        Assert.Single((await _datasets.GetAsync(DatasetClient.Path)).GetProperty("data").EnumerateArray());

        async Task<string> PostAsync()
        {
            var content = new StringContent("""{"counts": {"apple": 1}}""", Encoding.UTF8, "application/json");
            using var response = await _api.Post(DatasetClient.Path, content, ("Idempotency-Key", "one"));
            return await response.Content.ReadAsStringAsync();
        }
    }

    private static int Count(JsonElement made, string name) => Number(made.GetProperty("image_counts"), name);

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();
}
