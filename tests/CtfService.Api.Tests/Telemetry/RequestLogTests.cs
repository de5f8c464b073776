using System.Net;
using System.Text;
using CtfService.Api.Contracts;
using CtfService.Api.Telemetry;
using CtfService.Api.Tests.Security;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Telemetry;

public sealed class RequestLogTests : IAsyncLifetime, IAsyncDisposable
{
    private const int RequestEnded = 2200;

    private readonly TestApi _api = new();

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Generate_Succeeds_LogsOneLineWithAllFields()
    {
        using var response = await Post("""{"class_label": 0, "n": 2, "seed": 123454321}""", requestId: "my-id.1");

        var line = await _api.Logs.LineAsync(RequestEnded);
        Assert.Equal(LogLevel.Information, line.Level);
        Assert.Equal(
            ("my-id.1", "generations", "completed", "ok", 200, "apple", 123454321UL, 2),
            (line["RequestId"], line["Route"], line["Outcome"], line["Reason"], line["Status"], line["ClassLabel"], line["Seed"], line["Images"]));
        Assert.Equal((3.0, 2.0, 1.0), (line["CoarseMs"], line["FineMs"], line["VqDecodeMs"]));
        Assert.Equal((0.0, 0.0, 0.0), (line["TotalMs"], line["QueueMs"], line["EncodeMs"])); // the clock of the test does not move
        Assert.Single(_api.Logs.Lines, entry => entry.Level >= LogLevel.Information && entry.Text.Contains("123454321", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Generate_Rejected_LogsOneLineWithItsReason()
    {
        using var response = await Post("""{"class_label": "nonsense"}""");

        var line = await _api.Logs.LineAsync(RequestEnded);
        Assert.Equal(("rejected", "invalid", 400, null), (line["Outcome"], line["Reason"], line["Status"], line["ClassLabel"]));
        Assert.DoesNotContain("nonsense", line.Text, StringComparison.Ordinal); // input of callers is not logged
    }

    [Fact]
    public async Task Generate_CallerHangsUp_LogsOneLine()
    {
        using var gate = _api.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var answered = _api.PostImagesUntil("""{"class_label": 1, "seed": 5}""", caller.Token);
        await gate.Entered;
        await caller.CancelAsync();
        await answered;

        var line = await _api.Logs.LineAsync(RequestEnded);
        Assert.Single(_api.Logs.Lines, other => other.Id == RequestEnded);
        Assert.Equal(("cancelled", "hang_up", "banana", 5UL), (line["Outcome"], line["Reason"], line["ClassLabel"], line["Seed"]));
    }

    [Theory]
    [InlineData("3f2c9a4e-9d1b-4c5e-8f7a-0123456789ab")]
    [InlineData("01JA7Z3K5M/edge:1+2=3@web~x_y.z")]
    public async Task RequestId_OfTheCaller_IsReturned(string id)
    {
        using var response = await Post("""{"class_label": 0}""", id);

        Assert.Equal(id, Assert.Single(response.Headers.GetValues(CustomHeaders.RequestId)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\tbreak")]
    [InlineData("quote\"")]
    [InlineData("<script>")]
    [InlineData("${jndi}")]
    public async Task RequestId_Invalid_IsReplaced(string id)
    {
        using var response = await Post("""{"class_label": 0}""", id);

        var own = Assert.Single(response.Headers.GetValues(CustomHeaders.RequestId));
        Assert.NotEqual(id, own);
        Assert.NotEmpty(own);
        Assert.Equal(own, (await _api.Logs.LineAsync(RequestEnded))["RequestId"]);
    }

    [Theory]
    [InlineData(RequestIds.MaxLength, true)]
    [InlineData(RequestIds.MaxLength + 1, false)]
    public async Task RequestId_LongestLength_IsAcceptedAndALongerOneIsNot(int length, bool isTaken)
    {
        var id = new string('a', length);

        using var response = await Post("""{"class_label": 0}""", id);

        Assert.Equal(isTaken, Assert.Single(response.Headers.GetValues(CustomHeaders.RequestId)) == id);
    }

    [Theory]
    [InlineData("/v1/models", HttpStatusCode.OK)]
    [InlineData("/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("/health/ready", HttpStatusCode.OK)]
    public async Task RequestId_OfAnyRequest_IsReturned(string path, HttpStatusCode expected)
    {
        using var response = await _api.Get(path, (CustomHeaders.RequestId, "id-7"));

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("id-7", Assert.Single(response.Headers.GetValues(CustomHeaders.RequestId)));
    }

    private async Task<HttpResponseMessage> Post(string json, string? requestId = null)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        return await _api.Post(TestApi.Images, content, requestId is null ? null : (CustomHeaders.RequestId, requestId));
    }
}
