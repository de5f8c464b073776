using System.Diagnostics.Metrics;
using System.Net.ServerSentEvents;
using System.Text;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Inference.Status;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Hosting;

namespace CtfService.Api.Tests.Telemetry;

/// <summary>Requests that reach the queue: each is counted once as received and once as ended, with its reason.</summary>
public sealed class AdmittedRequestCountTests : IAsyncLifetime, IAsyncDisposable
{
    private const string OneImage = """{"class_label": 0}""";
    private const string OneStream = """{"class_label": 0, "stream": true, "partial_images": 3}""";

    private readonly TestApi _api = new() { Settings = { ["Inference:MaxQueuedImages"] = "4", ["Limits:MaxImagesPerRequest"] = "4" } };
    private RequestLedger _ledger = null!;

    public async Task InitializeAsync()
    {
        await _api.InitializeAsync();
        _ledger = new RequestLedger(_api.Services);
    }

    public ValueTask DisposeAsync()
    {
        _ledger.Dispose();
        return _api.DisposeAsync();
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData("application/json")]
    [InlineData("image/png")]
    public async Task Generate_Succeeds_IsCompleted(string accept)
    {
        using var response = await _api.PostImages(OneImage, accept);

        await _ledger.AssertOnly("completed", "ok");
        Assert.Equal(("image_generation", "ctf", "fruits-fake"), (Tag("gen_ai.operation.name"), Tag("gen_ai.provider.name"), Tag("gen_ai.request.model")));
    }

    [Fact]
    public async Task Redetail_Succeeds_IsCompletedUnderItsRoute()
    {
        await _api.Redetail("""{"class_label": 0, "layout": [0, 1, 2, 3]}""");

        await _ledger.AssertOnly("completed", "ok", "redetail");
    }

    [Fact]
    public async Task Stream_ReadToItsEnd_IsCompleted()
    {
        using var response = await _api.PostImages(OneStream);
        await response.Content.ReadAsStringAsync();

        await _ledger.AssertOnly("completed", "ok");
    }

    [Fact]
    public async Task Generate_QueueIsFull_IsRejectedAsQueueFull()
    {
        using var gate = _api.Generator.HoldNextStep();
        var running = _api.PostImages(OneImage);
        await gate.Entered;
        var waiting = _api.PostImages("""{"class_label": 0, "n": 4}""");

        using var refused = await WhenWaiting(4, () => _api.PostImages(OneImage));
        gate.Open();
        using var first = await running;
        using var second = await waiting;

        Assert.Equal(["completed/ok", "completed/ok", "rejected/queue_full"], await Ends(requests: 3));
    }

    [Fact]
    public async Task Generate_CallerHangsUpWhileItRuns_IsCancelled()
    {
        using var gate = _api.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var answered = _api.PostImagesUntil(OneImage, caller.Token);
        await gate.Entered;

        await caller.CancelAsync();
        await answered;

        await _ledger.AssertOnly("cancelled", "hang_up");
    }

    [Fact]
    public async Task Stream_CallerHangsUpAfterAPreview_IsCancelled()
    {
        _api.Generator.StepsPerImage = 3;
        _api.Generator.HoldNextStep().Open();
        using var second = _api.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        await _api.PostImagesUntil(OneStream, caller.Token); // until the first preview
        await second.Entered;

        await caller.CancelAsync();
        second.Open();

        await _ledger.AssertOnly("cancelled", "hang_up");
    }

    [Theory]
    [InlineData("""{"class_label": 0, "timeout_ms": 5000}""")]
    [InlineData("""{"class_label": 0, "timeout_ms": 5000, "stream": true}""")]
    public async Task Generate_DeadlinePasses_EndsByDeadline(string json)
    {
        using var gate = _api.Generator.HoldNextStep();
        var late = _api.PostImages(json);
        await gate.Entered;

        _api.Clock.Advance(TimeSpan.FromSeconds(5));
        using var response = await late;

        await _ledger.AssertOnly("deadline", "deadline");
    }

    [Fact]
    public async Task Stream_DeadlinePassesAfterAPreview_EndsByDeadline()
    {
        _api.Generator.StepsPerImage = 3;
        _api.Generator.HoldNextStep().Open();
        using var second = _api.Generator.HoldNextStep();
        using var response = await _api.PostImages("""{"class_label": 0, "stream": true, "partial_images": 3, "timeout_ms": 5000}""");
        await second.Entered;

        _api.Clock.Advance(TimeSpan.FromSeconds(5)); // less than Limits:SendTimeout, because the preview may not be sent yet

        await _ledger.AssertOnly("deadline", "deadline");
    }

    [Theory]
    [InlineData(OneImage)]
    [InlineData(OneStream)]
    public async Task Generate_StepFails_IsFailed(string json)
    {
        _api.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        using var response = await _api.PostImages(json);

        await _ledger.AssertOnly("failed", "step_failed");
    }

    [Fact]
    public async Task Stream_StepFailsAfterAPreview_IsFailedAlthoughItsStatusIs200()
    {
        _api.Generator.StepsPerImage = 3;
        _api.Generator.HoldNextStep().Open();
        _api.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        using var response = await _api.PostImages(OneStream);

        await _ledger.AssertOnly("failed", "step_failed");
        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Generate_ImageDoesNotFitTheDevice_IsFailed()
    {
        _api.Generator.MaxImages = 0;

        using var response = await _api.PostImages(OneImage);

        await _ledger.AssertOnly("failed", "out_of_memory");
    }

    [Fact]
    public async Task Generate_ServiceStops_RejectsNewRequestsAndFailsUnfinishedOnes()
    {
        using var gate = _api.Generator.HoldNextStep();
        var running = _api.PostImages(OneImage);
        await gate.Entered;
        await Host().StoppingAsync(CancellationToken.None);

        using var refused = await _api.PostImages(OneImage);
        _api.Clock.Advance(new InferenceOptions().ShutdownBudget);
        using var cut = await running;

        Assert.Equal(["failed/shutdown", "rejected/shutdown"], await Ends(requests: 2));
    }

    [Fact]
    public async Task Generate_WorkerCrashes_IsFailed()
    {
        _api.Generator.CrashWorker(new InvalidOperationException("a defect"));

        using var response = await _api.PostImages("""{"class_label": 0, "n": 2}""");

        await _ledger.AssertOnly("failed", "worker_died");
    }

    [Fact]
    public async Task Generate_UnexpectedError_IsFailedAsInternal()
    {
        await using var broken = _api.WithWebHostBuilder(host => host.ConfigureTestServices(services => services.AddSingleton<IModelRouter, BrokenRouter>()));
        using var client = broken.CreateClient();
        await broken.Services.GetRequiredService<IModelStatus>().LoadingEnded;
        using var ledger = new RequestLedger(broken.Services);
        using var content = new StringContent(OneImage, Encoding.UTF8, "application/json");

        using var response = await client.PostAsync(new Uri(TestApi.Images, UriKind.Relative), content);

        await ledger.AssertOnly("failed", "internal");
    }

    [Fact]
    public async Task PreviewFirst_Stream_IsRecordedOncePerRequest()
    {
        using var collector = new MetricCollector<double>(
            _api.Services.GetRequiredService<IMeterFactory>(), "CtfService", "ctf.preview.first");
        _api.Generator.StepsPerImage = 3;

        using var response = await _api.PostImages("""{"class_label": 0, "n": 2, "stream": true, "partial_images": 3}""");
        var events = await SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync().CountAsync();

        Assert.Equal(9, events); // three previews of two images, the images, the end
        Assert.Single(collector.GetMeasurementSnapshot());
    }

    private IHostedLifecycleService Host() =>
        _api.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>().Single(service => service.GetType().Name == "InferenceHost");

    private async Task<IEnumerable<string>> Ends(int requests) =>
        (await _ledger.EndsAsync(requests)).Select(end => $"{end.Outcome}/{end.Reason}").Order(StringComparer.Ordinal);

    private object? Tag(string name) => Assert.Single(_ledger.Durations)[name];

    /// <summary>Sends a request once this many images wait.</summary>
    private async Task<HttpResponseMessage> WhenWaiting(int images, Func<Task<HttpResponseMessage>> then)
    {
        await _api.WhenWaiting(images);
        return await then();
    }

    private sealed class BrokenRouter : IModelRouter
    {
        public IReadOnlyList<InstanceReport> Instances => [];

        public SwitchOutcome? LastSwitch => null;

        public ModelLease Lease() => throw new InvalidOperationException("a defect");

        public Task<ModelSwitch> SwitchAsync(ModelOrigin origin) => throw new InvalidOperationException("a defect");
    }
}
