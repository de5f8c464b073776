using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Security;
using CtfService.Core.Models;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using CtfService.TestSupport;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Endpoints;

public sealed class HealthEndpointsTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData("live", HttpStatusCode.OK, """{"status":"live","model":null,"reason":null}""")]
    [InlineData("ready", HttpStatusCode.OK, """{"status":"ready","model":"fruits-fake","reason":null}""")]
    [InlineData("startup", HttpStatusCode.OK, """{"status":"ready","model":"fruits-fake","reason":null}""")]
    public async Task Probe_ModelIsReady_Returns200(string probe, HttpStatusCode status, string body)
    {
        await _api.InitializeAsync();

        using var response = await Probe(probe);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Ready_OneOfTwoDevicesHasFailed_Returns200AndListsBoth()
    {
        var broken = new FakeImageGeneratorFactory();
        broken.FailNextLoad(new DeviceUnavailableException("a path of the machine"));
        _api.Replace = services => services.AddSingleton(
            new ModelOrigin("fruits", [new DeviceOrigin("cuda:0", broken), new DeviceOrigin("cuda:1", _api.Factory)]));
        await _api.InitializeAsync();

        using var response = await Probe("ready");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            """{"status":"ready","model":"fruits-fake","reason":null,"devices":[{"name":"cuda:0","status":"failed","reason":null},"""
            + """{"name":"cuda:1","status":"ready","reason":null}]}""",
            await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("live", HttpStatusCode.OK)]
    [InlineData("ready", HttpStatusCode.ServiceUnavailable)]
    [InlineData("startup", HttpStatusCode.ServiceUnavailable)]
    public async Task Probe_ModelIsLoading_OnlyLiveIsHealthy(string probe, HttpStatusCode status)
    {
        using var load = _api.Factory.HoldNextLoad();
        _api.Start();

        using var response = await Probe(probe);

        Assert.Equal(status, response.StatusCode);
        load.Open();
    }

    [Theory]
    [InlineData("live", HttpStatusCode.OK)]
    [InlineData("ready", HttpStatusCode.ServiceUnavailable)]
    [InlineData("startup", HttpStatusCode.ServiceUnavailable)]
    public async Task Probe_ModelCouldNotBeLoaded_OnlyLiveIsHealthy(string probe, HttpStatusCode status)
    {
        _api.Factory.FailNextLoad(new CheckpointException("coarse.safetensors is missing."));
        await _api.InitializeAsync();

        using var response = await Probe(probe);

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Ready_ModelCouldNotBeLoaded_NamesTheFileToOperatorsOnly()
    {
        await using var api = TestKeys.Api();
        api.Factory.FailNextLoad(new CheckpointException("/srv/models/fruits/coarse.safetensors is missing."));
        await api.InitializeAsync();

        Assert.Equal(("failed", ModelStatus.Failed.PublicReason), await StatusAndReason(api, key: null));
        Assert.Equal(("failed", ModelStatus.Failed.PublicReason), await StatusAndReason(api, TestKeys.Studio));
        Assert.Equal(("failed", "/srv/models/fruits/coarse.safetensors is missing."), await StatusAndReason(api, TestKeys.Operator));
    }

    [Theory]
    [InlineData("/health/ready")]
    [InlineData("/health/startup")]
    [InlineData("/v1/models")]
    [InlineData("/v1/classes")]
    [InlineData("/v1/images/generations")]
    public async Task Anyone_ModelCouldNotBeLoaded_SeesNoPathAndNoException(string path)
    {
        _api.Factory.FailNextLoad(new CheckpointException("/srv/models/fruits/coarse.safetensors is missing."));
        await _api.InitializeAsync();

        using var response = path == TestApi.Images
            ? await _api.PostImages("""{"class_label": 0}""")
            : await _api.Client.GetAsync(new Uri(path, UriKind.Relative));

        var body = await response.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.DoesNotContain("/srv", body, StringComparison.Ordinal);
        Assert.DoesNotContain("safetensors", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("live", HttpStatusCode.OK)]
    [InlineData("ready", HttpStatusCode.ServiceUnavailable)]
    [InlineData("startup", HttpStatusCode.OK)]
    public async Task Probe_ServiceIsStopping_OnlyReadyIsUnhealthy(string probe, HttpStatusCode status)
    {
        using var response = await ProbeAt(new ModelStatus.Stopping(), probe);

        Assert.Equal(status, response.StatusCode);
    }

    [Theory]
    [InlineData("live")]
    [InlineData("ready")]
    [InlineData("startup")]
    public async Task Probe_WorkerHasCrashed_AllAreUnhealthy(string probe)
    {
        using var response = await ProbeAt(new ModelStatus.Crashed("defect"), probe);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains(ModelStatus.Crashed.PublicReason, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Probe_NoStepEndsWhileAnImageRuns_ReadyThenLiveFailUntilAStepEnds()
    {
        _api.Settings["Inference:RequestTimeout"] = "01:00:00";
        await _api.InitializeAsync();
        using var gate = _api.Generator.HoldNextStep();
        var running = _api.PostImages("""{"class_label": 0}""");
        await gate.Entered;
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await ReadyAndLive());

        _api.Clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), await ReadyAndLive());

        _api.Clock.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), await ReadyAndLive());
        using var ready = await Probe("ready");
        Assert.Contains("Inference:StallTimeout", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        gate.Open();
        using var finished = await running;
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await ReadyAndLive());
    }

    [Fact]
    public async Task Probe_ConsecutiveStepsFail_IsNotReadyUntilTheTrialImage()
    {
        _api.Settings["Inference:MaxFailedSteps"] = "2";
        _api.Settings["Inference:FailedStepsPause"] = "00:00:10";
        await _api.InitializeAsync();
        await FailAStep();
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await ReadyAndLive());
        await FailAStep();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), await ReadyAndLive());
        var (status, reason) = await StatusAndReason(_api, key: null);
        Assert.Equal("failing", status);
        Assert.Contains("Inference:MaxFailedSteps", reason, StringComparison.Ordinal);
        using (var startup = await Probe("startup"))
        {
            Assert.Equal(HttpStatusCode.OK, startup.StatusCode);
        }

        using (var refused = await _api.PostImages("""{"class_label": 0}"""))
        {
            Assert.Equal("model_not_ready", (await refused.Error(HttpStatusCode.ServiceUnavailable)).Code);
            Assert.Equal(TimeSpan.FromSeconds(10), refused.Headers.RetryAfter?.Delta);
        }

        _api.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await ReadyAndLive());
        await _api.Generate("""{"class_label": 0}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await ReadyAndLive());
    }

    private async Task FailAStep()
    {
        _api.Generator.FailNextStep(new InvalidOperationException("broken kernel"));
        using var failed = await _api.PostImages("""{"class_label": 0}""");
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
    }

    private static async Task<(string? Status, string? Reason)> StatusAndReason(TestApi api, string? key)
    {
        using var response = await api.Get("/health/ready", key is null ? null : TestKeys.Bearer(key));
        var body = await response.Content.ReadFromJsonAsync<JsonObject>();
        return ((string?)body!["status"], (string?)body["reason"]);
    }

    private async Task<(HttpStatusCode Ready, HttpStatusCode Live)> ReadyAndLive()
    {
        using var ready = await Probe("ready");
        using var live = await Probe("live");
        return (ready.StatusCode, live.StatusCode);
    }

    private Task<HttpResponseMessage> Probe(string name) => _api.Client.GetAsync(Address(name));

    private async Task<HttpResponseMessage> ProbeAt(ModelStatus status, string name)
    {
        await using var host = _api.WithWebHostBuilder(
            builder => builder.ConfigureTestServices(services => services.AddSingleton<IModelStatus>(new FixedStatus(status))));
        using var client = host.CreateClient();
        return await client.GetAsync(Address(name));
    }

    private static Uri Address(string probe) => new($"/health/{probe}", UriKind.Relative);

    private sealed class FixedStatus(ModelStatus status) : IModelStatus
    {
        public IReadOnlyList<DeviceReport> Devices => [];

        public QueueReport Queue => new(Waiting: 0, Running: 0, Capacity: 1, TimeSpan.Zero);

        public ModelStatus Current => status;

        public Task<Exception?> LoadingEnded => Task.FromResult<Exception?>(null);

        public ModelStatus.Ready RequireReady() => throw new ModelNotReadyException("fixed");
    }
}
