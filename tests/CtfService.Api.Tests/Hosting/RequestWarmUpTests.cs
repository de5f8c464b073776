using System.Diagnostics.Metrics;
using System.Net;
using CtfService.Api.Hosting;
using CtfService.Api.Tests.Security;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Hosting;

public sealed class RequestWarmUpTests : IAsyncDisposable
{
    private const int AccessRefused = 2100;
    private const int ImageRequestEnded = 2200;
    private const int WarmedUp = 2301;
    private const int WarmUpFailed = 2302;

    private static readonly Uri ReadyProbe = new("/health/ready", UriKind.Relative);

    private readonly TestApi _api = new() { WarmsUpRequests = true };

    [Fact]
    public async Task Ready_RequestsRun_FollowsWhenTheyHaveEnded()
    {
        var image = _api.Generator.HoldNextStep();
        var request = _api.Generator.HoldNextStep();
        _api.Start();
        image.Open();
        await request.Entered;

        using (var before = await _api.Client.GetAsync(ReadyProbe))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, before.StatusCode);
        }

        request.Open();
        await LoadingEnded();

        Assert.Equal(HttpStatusCode.OK, await Ready());
        Assert.Equal(1 + 3, _api.Generator.Steps.Sum(step => step.Count)); // the first image, and one for each kind of response
        Assert.DoesNotContain(_api.Logs.Lines, line => line.Id == WarmUpFailed);
    }

    [Theory]
    [InlineData("Security:RequestsPerMinute", "1")]
    [InlineData("Security:ImagesPerMinute", "1")]
    [InlineData("Security:ImagesPerDay", "1")]
    public async Task Requests_CallersHaveALimit_CountNowhere(string limit, string value)
    {
        _api.Settings[limit] = value;
        var image = _api.Generator.HoldNextStep();
        _api.Start();
        var meters = _api.Services.GetRequiredService<IMeterFactory>();
        using var received = new MetricCollector<long>(meters, InferenceMetrics.MeterName, "ctf.requests.received");
        using var served = new MetricCollector<double>(meters, "Microsoft.AspNetCore.Hosting", "http.server.request.duration");
        image.Open();
        await LoadingEnded();
        Assert.Empty(received.GetMeasurementSnapshot());
        Assert.Empty(served.GetMeasurementSnapshot());

        using var first = await _api.PostImages("""{"class_label":0}""");

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(1, received.GetMeasurementSnapshot().EvaluateAsCounter());
        await _api.Logs.LineAsync(ImageRequestEnded); // after the response
        Assert.Single(_api.Logs.Lines, line => line.Id == ImageRequestEnded);
        Assert.DoesNotContain(_api.Logs.Lines, line => line.Id == WarmUpFailed);
    }

    [Theory]
    [InlineData("Security:ApiKeys:0:Name", "studio")]
    [InlineData("AllowedHosts", "images.example.com")]
    [InlineData("Jobs:Enabled", "false")]
    public async Task Requests_WhateverTheSettings_Succeed(string setting, string value)
    {
        _api.Settings[setting] = value;
        if (setting.StartsWith("Security:ApiKeys", StringComparison.Ordinal))
        {
            _api.Settings["Security:ApiKeys:0:Sha256"] = TestKeys.Hash(TestKeys.Studio);
        }

        await _api.InitializeAsync();

        Assert.Contains(_api.Logs.Lines, line => line.Id == WarmedUp);
        Assert.DoesNotContain(_api.Logs.Lines, line => line.Id is WarmUpFailed or AccessRefused);
    }

    [Fact]
    public async Task Requests_StepFails_AreLoggedAndTheServiceIsReady()
    {
        _api.Generator.HoldNextStep().Open();
        _api.Generator.FailNextStep(new InvalidOperationException("broken kernel"));
        await _api.InitializeAsync();

        Assert.Equal(LogLevel.Warning, (await _api.Logs.LineAsync(WarmUpFailed)).Level);
        Assert.Equal(HttpStatusCode.OK, await Ready());
    }

    [Fact]
    public async Task Requests_TakeTooLong_EndAtTheLimit()
    {
        _api.Generator.HoldNextStep().Open();
        using var request = _api.Generator.HoldNextStep();
        _api.Start();
        await request.Entered;

        _api.Clock.Advance(RequestWarmUp.Limit);
        await LoadingEnded();

        Assert.DoesNotContain(_api.Logs.Lines, line => line.Id == WarmUpFailed);
        Assert.Equal(HttpStatusCode.OK, await Ready());
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private Task<Exception?> LoadingEnded() => _api.Services.GetRequiredService<IModelStatus>().LoadingEnded;

    private async Task<HttpStatusCode> Ready()
    {
        using var response = await _api.Client.GetAsync(ReadyProbe);
        return response.StatusCode;
    }
}
