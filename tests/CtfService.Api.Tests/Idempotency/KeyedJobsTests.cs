using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CtfService.Api.Contracts;
using CtfService.TestSupport;

namespace CtfService.Api.Tests.Idempotency;

/// <summary>Jobs of a process that disappeared before it had stored its response. Responses are in memory, so each new service knows none.</summary>
public sealed class KeyedJobsTests : IDisposable
{
    private const string Datasets = "/v1/datasets";

    private const string OneApple = """{"counts": {"apple": 1}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Create_RepeatedAfterTheResponseWasLost_FindsTheJob()
    {
        var (first, _) = await CreateAsync("k", OneApple);
        var (second, count) = await CreateAsync("k", OneApple);

        Assert.Equal((first, 1), (second, count));
    }

    [Theory]
    [InlineData("other", OneApple, 0)]
    [InlineData("k", """{"counts": {"apple": 2}}""", 0)]
    [InlineData("k", OneApple, 61)]
    [InlineData(null, OneApple, 0)]
    public async Task Create_OtherKeyOrRequestOrAfterTheLifetime_MakesAnotherJob(string? key, string request, int minutes)
    {
        var (first, _) = await CreateAsync("k", OneApple);
        var (second, count) = await CreateAsync(key, request, minutes);
        var (third, _) = await CreateAsync(key, request, minutes);

        Assert.NotEqual(first, second);
        Assert.Equal(2, count);
        Assert.Equal(key is not null, second == third);
    }

    [Fact]
    public async Task Create_RepeatedWithoutRoomForAnotherJob_FindsTheJob()
    {
        var (first, _) = await CreateAsync("k", OneApple, setting: ("Jobs:MaxUnfinishedJobs", "1"));
        var (second, _) = await CreateAsync("k", OneApple, setting: ("Jobs:MaxUnfinishedJobs", "1"));

        Assert.Equal(first, second);
    }

    /// <summary>Starts a service, creates a data set, and ends the service.</summary>
    /// <param name="minutes">Time since the first start.</param>
    /// <returns>The id of the data set, and the number of data sets.</returns>
    private async Task<(string Id, int Count)> CreateAsync(string? key, string request, int minutes = 0, (string Key, string Value)? setting = null)
    {
        await using var api = new TestApi { Settings = { ["Storage:Folder"] = _folder.Root } };
        if (setting is var (name, value))
        {
            api.Settings[name] = value;
        }

        api.Clock.Advance(TimeSpan.FromMinutes(minutes));
        await api.InitializeAsync();
        api.Generator.Rows = 0; // so that no job ends
        using var response = await api.Post(
            Datasets, new StringContent(request, Encoding.UTF8, "application/json"), key is null ? null : (CustomHeaders.IdempotencyKey, key));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var created = await response.Content.ReadFromJsonAsync<JsonElement>();
        var all = await api.Client.GetFromJsonAsync<JsonElement>(Datasets);
        return (created.GetProperty("id").GetString()!, all.GetProperty("data").GetArrayLength());
    }
}
