using System.Net;
using System.Text;
using CtfService.Api.Tests.Description;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Errors;

/// <summary>Every way in which the service can fail, and the error that the caller gets. Each test has its own host.</summary>
public sealed class ServiceErrorTests : IAsyncLifetime, IAsyncDisposable
{
    private const string OneImage = """{"class_label": 0}""";

    private readonly TestApi _api = new()
    {
        Settings = { ["Inference:MaxQueuedImages"] = "2", ["Limits:MaxImagesPerRequest"] = "2" },
    };

    public Task InitializeAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Fact]
    public async Task Generate_QueueIsFull_Returns429WithRetryAfter()
    {
        await _api.InitializeAsync();
        using var gate = _api.Generator.HoldNextStep();
        var running = _api.PostImages(OneImage);
        await gate.Entered;
        using var caller = new CancellationTokenSource();
        using var lease = _api.Services.GetRequiredService<IModelRouter>().Lease();
        var waiting = lease.GenerateAsync(
            new ImageSubmission([_api.Generator.Steps[0][0], _api.Generator.Steps[0][0]], RequestDeadline.Of(new InferenceOptions())), caller.Token);

        using var refused = await _api.PostImages(OneImage);

        var error = await refused.Error(HttpStatusCode.TooManyRequests);
        Assert.Equal("queue_full", error.Code);
        error.AssertIsLikeItsExample(_api, HttpStatusCode.TooManyRequests);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        gate.Open();
        using var finished = await running;
        Assert.Equal(HttpStatusCode.OK, finished.StatusCode);
        Assert.Equal(2, (await waiting).Count);
    }

    [Fact]
    public async Task Generate_ModelIsLoading_Returns503WithRetryAfter()
    {
        using var load = _api.Factory.HoldNextLoad();
        _api.Start();
        await load.Entered;

        using var refused = await _api.PostImages(OneImage);

        var error = await refused.Error(HttpStatusCode.ServiceUnavailable);
        Assert.Equal(("server_error", "model_not_ready"), (error.Type, error.Code));
        error.AssertIsLikeItsExample(_api, HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(refused.Headers.RetryAfter);
        load.Open();
    }

    [Theory]
    [InlineData("POST", TestApi.Images)]
    [InlineData("GET", "/v1/classes")]
    [InlineData("GET", "/v1/models")]
    [InlineData("GET", "/v1/models/x")]
    public async Task Any_ModelCouldNotBeLoaded_Returns503WithoutTheFile(string method, string path)
    {
        _api.Factory.FailNextLoad(new CheckpointException("fine.safetensors is damaged."));
        await _api.InitializeAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "POST" ? new StringContent(OneImage, Encoding.UTF8, "application/json") : null;

        using var refused = await _api.Client.SendAsync(request);

        Assert.Equal(ModelStatus.Failed.PublicReason, (await refused.Error(HttpStatusCode.ServiceUnavailable)).Message);
    }

    [Fact]
    public async Task Generate_ModelCouldNotBeLoaded_LogsItOnce()
    {
        _api.Factory.FailNextLoad(new CheckpointException("fine.safetensors is damaged."));
        await _api.InitializeAsync();

        using var first = await _api.PostImages(OneImage);
        using var second = await _api.PostImages(OneImage);

        Assert.Single(_api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task Generate_DeadlinePasses_Returns504()
    {
        await _api.InitializeAsync();
        using var gate = _api.Generator.HoldNextStep();
        var late = _api.PostImages(OneImage);
        await gate.Entered;

        _api.Clock.Advance(new InferenceOptions().RequestTimeout);

        using var response = await late;
        var error = await response.Error(HttpStatusCode.GatewayTimeout);
        Assert.Equal(("server_error", "deadline_exceeded"), (error.Type, error.Code));
        error.AssertIsLikeItsExample(_api, HttpStatusCode.GatewayTimeout);
    }

    [Fact]
    public async Task Generate_StepFails_Returns500WithoutInternalsAndLogsOnce()
    {
        await _api.InitializeAsync();
        _api.Generator.FailNextStep(new InvalidOperationException("secret of the kernel"));

        using var response = await _api.PostImages(OneImage);

        var error = await response.Error(HttpStatusCode.InternalServerError);
        Assert.Equal(("server_error", "generation_failed"), (error.Type, error.Code));
        error.AssertIsLikeItsExample(_api, HttpStatusCode.InternalServerError);
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(_api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task Generate_NumbersAreNotFinite_Returns500WithTheStageAndPosition()
    {
        await _api.InitializeAsync();
        _api.Generator.ErrorOf = _ => NotFiniteException.Of("coarse logits", position: 17);

        using var response = await _api.PostImages(OneImage);

        var error = await response.Error(HttpStatusCode.InternalServerError);
        Assert.Equal(("server_error", "not_finite"), (error.Type, error.Code));
        Assert.Contains("coarse logits of this image that are not finite (NaN or infinite) at position 17", error.Message, StringComparison.Ordinal);
        error.AssertIsLikeItsExample(_api, HttpStatusCode.InternalServerError);
    }

    [Fact]
    public async Task Generate_ImageDoesNotFitTheDevice_Returns503()
    {
        await _api.InitializeAsync();
        _api.Generator.MaxImages = 0;

        using var response = await _api.PostImages(OneImage);

        Assert.Equal("out_of_device_memory", (await response.Error(HttpStatusCode.ServiceUnavailable)).Code);
    }

    [Fact]
    public async Task Generate_EncodingThrows_Returns500WithoutInternals()
    {
        await _api.InitializeAsync();
        using var broken = _api.WithWebHostBuilder(host => host.ConfigureTestServices(services => services.AddSingleton<IModelRouter, BrokenRouter>()));
        using var client = broken.CreateClient();
        await broken.Services.GetRequiredService<IModelStatus>().LoadingEnded;
        using var content = new StringContent(OneImage, Encoding.UTF8, "application/json");

        using var response = await client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        Assert.Equal("internal_error", (await response.Error(HttpStatusCode.InternalServerError)).Code);
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var line = Assert.Single(_api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
        var id = Assert.Single(response.Headers.GetValues("X-Request-Id")); // the id in the error message
        Assert.Contains($" {id} ", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_CallerHangsUp_EndsWith499WithoutALogLine()
    {
        await _api.InitializeAsync();
        using var gate = _api.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var answered = _api.PostImagesUntil(OneImage, caller.Token);
        await gate.Entered;

        await caller.CancelAsync();

        Assert.Equal(StatusCodes.Status499ClientClosedRequest, (await answered).Response.StatusCode);
        Assert.DoesNotContain(_api.Logs.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Fact]
    public async Task Generate_ServiceIsStopping_FinishesRunningImagesAndRejectsTheRest()
    {
        await _api.InitializeAsync();
        using var gate = _api.Generator.HoldNextStep();
        var running = _api.PostImages(OneImage);
        await gate.Entered;
        var worker = _api.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>().Single(service => service.GetType().Name == "InferenceHost");

        await worker.StoppingAsync(CancellationToken.None);
        using var refused = await _api.PostImages(OneImage);
        gate.Open();

        Assert.Contains("shutting down", (await refused.Error(HttpStatusCode.ServiceUnavailable)).Message, StringComparison.Ordinal);
        using var finished = await running;
        Assert.Equal(HttpStatusCode.OK, finished.StatusCode);
    }

    private sealed class BrokenRouter : IModelRouter, IInferenceQueue
    {
        public IReadOnlyList<InstanceReport> Instances => [];

        public SwitchOutcome? LastSwitch => null;

        public ModelLease Lease() => new(FakeModels.Fruits, this, () => { });

        public Task<ModelSwitch> SwitchAsync(ModelOrigin origin) => throw new InvalidOperationException("secret of the router");

        public IAsyncEnumerable<InferenceEvent> Enqueue(ImageSubmission submission, CancellationToken cancellation) =>
            throw new InvalidOperationException("secret of the queue");
    }
}
