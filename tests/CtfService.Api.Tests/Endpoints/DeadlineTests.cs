using System.Net;
using CtfService.Api.Validation;
using CtfService.Inference.Queue;

namespace CtfService.Api.Tests.Endpoints;

public sealed class DeadlineTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = new();

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData(1500, null, 1.5, "timeout_ms")]
    [InlineData(null, "2", 2, "the header X-Request-Timeout")]
    [InlineData(null, "2.5s", 2.5, "the header X-Request-Timeout")]
    [InlineData(null, "700ms", 0.7, "the header X-Request-Timeout")]
    [InlineData(1500, "1", 1, "the header X-Request-Timeout")]
    [InlineData(1500, "2", 1.5, "timeout_ms")]
    [InlineData(999_999_999, "99999", 120, "Inference:RequestTimeout")]
    [InlineData(null, null, 120, "Inference:RequestTimeout")]
    public void Choose_SeveralLimits_TakesTheSmallest(int? field, string? header, double seconds, string limit)
    {
        var problems = new RequestProblems();

        var deadline = DeadlineChoice.Choose(field, header, new InferenceOptions(), problems);

        Assert.Equal(new RequestDeadline(TimeSpan.FromSeconds(seconds), limit), deadline);
        Assert.Empty(problems.All);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("5m")]
    [InlineData("1e3")]
    [InlineData("ms")]
    public async Task Generate_HeaderIsNotATime_IsRejected(string header)
    {
        using var response = await _api.Post(TestApi.Images, Body("""{"class_label": 0}"""), ("X-Request-Timeout", header));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal(("X-Request-Timeout", "invalid_header"), (error.Param, error.Code));
        Assert.Contains("1500ms", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_DeadlinePasses_Returns504AndFreesTheRows()
    {
        _api.Generator.StepsPerImage = 1000;
        using var gate = _api.Generator.HoldNextStep();
        var late = _api.Post(TestApi.Images, Body("""{"class_label": 0, "n": 4, "timeout_ms": 60000}"""), ("X-Request-Timeout", "1500ms"));
        await gate.Entered;

        _api.Clock.Advance(TimeSpan.FromMilliseconds(1500));
        using var response = await late;
        _api.Generator.StepsPerImage = 1;
        gate.Open();
        await _api.Generate("""{"class_label": 0}""");

        var error = await response.Error(HttpStatusCode.GatewayTimeout);
        Assert.Contains("1.5 s, the limit in the header X-Request-Timeout", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 4, 1], _api.Generator.Steps.Select(step => step.Count)); // warm-up, the held step, the next request alone
    }

    private static StringContent Body(string json) => new(json, mediaType: new("application/json"));
}
