using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace CtfService.Inference.Tests.Worker;

/// <summary>Bulk images beside interactive ones, through the worker. Bulk images have seeds above 1,000.</summary>
public sealed class BulkImagesTests : IAsyncLifetime
{
    private const ulong FirstBulkSeed = 1_001;

    private readonly WorkerHost _host = new(new InferenceOptions { InteractiveRows = 4 });

    private IEnumerable<IReadOnlyList<ImageSpecification>> Steps => _host.Generator.Steps.Skip(1); // without the warm-up

    public async Task InitializeAsync()
    {
        await _host.StartAsync();
        _host.Generator.StepsPerImage = 3;
    }

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task Step_InteractiveImageArrives_PausesBulkImagesUntilItEnds()
    {
        using var gate = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 2);
        await gate.Entered;
        var interactive = _host.Generate(images: 1);

        gate.Open();
        await Task.WhenAll(bulk, interactive);

        Assert.Equal(["BB", "I", "I", "I", "BB", "BB"], Steps.Select(Kinds));
        Assert.Equal([1_001UL, 1_002UL], (await bulk).Select(finished => finished.Image.Specification.Seed));
    }

    [Fact]
    public async Task Step_BulkImagesWaitBesideAnInteractiveOne_StartAfterIt()
    {
        using var gate = _host.Generator.HoldNextStep();
        var interactive = _host.Generate(images: 1);
        await gate.Entered;
        var bulk = _host.GenerateBulk(images: 1);

        gate.Open();
        await Task.WhenAll(bulk, interactive);

        Assert.Equal(["I", "I", "I", "B", "B", "B"], Steps.Select(Kinds));
    }

    [Fact]
    public async Task Admit_BulkFillsItsRows_LeavesTheOthersFree()
    {
        await _host.GenerateBulk(images: 30);

        Assert.Equal(12, Steps.Max(step => step.Count)); // of 16
    }

    [Fact]
    public async Task Admit_GeneratorHasTwoRows_BulkTakesThem()
    {
        var host = new WorkerHost(new InferenceOptions { MaxBatchRows = 2, InteractiveRows = 4 });
        host.Generator.Rows = 2;
        await host.StartAsync();

        await host.GenerateBulk(images: 4);

        Assert.Equal(2, host.Generator.Steps.Max(step => step.Count));
        await host.StopAsync();
    }

    [Fact]
    public async Task Admit_InteractiveImagesNeedMoreRows_RestartsTheYoungestBulkImages()
    {
        using var restarts = new MetricCollector<long>(_host.Meters, "CtfService", "ctf.bulk.restarts");
        using var first = _host.Generator.HoldNextStep();
        using var second = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 12);
        first.Open();
        await second.Entered;
        var interactive = _host.Generate(images: 6);

        second.Open();
        await Task.WhenAll(bulk, interactive);

        Assert.Equal(6, Steps.First(step => Kinds(step).Contains('I')).Count); // all started at once, on 4 free rows and 2 of bulk images
        Assert.Equal(2, restarts.GetMeasurementSnapshot().Sum(measurement => measurement.Value));
        Assert.Equal(Enumerable.Range(1_001, 12).Select(seed => (ulong)seed), (await bulk).Select(finished => finished.Image.Specification.Seed));
        Assert.Equal([1_011UL, 1_012UL], Steps.Last().Select(image => image.Seed)); // the youngest lost their progress and end last
    }

    [Fact]
    public async Task Step_FailsBesidePausedBulkImages_RestartsThemOnly()
    {
        using var gate = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 2);
        await gate.Entered;
        var interactive = _host.Generate(images: 1);
        _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        gate.Open();

        await Assert.ThrowsAsync<GenerationFailedException>(() => interactive);
        Assert.Equal(2, (await bulk).Count);
    }

    [Fact]
    public async Task Step_OfBulkImagesFails_FailsTheirSubmission()
    {
        _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        await Assert.ThrowsAsync<GenerationFailedException>(() => _host.GenerateBulk(images: 2));

        Assert.Single(await _host.Generate(images: 1));
    }

    [Fact]
    public async Task Step_StepsKeepFailing_RefusesBulkToo()
    {
        var host = new WorkerHost(new InferenceOptions { MaxFailedSteps = 1 });
        await host.StartAsync();
        host.Generator.StepsPerImage = 3;
        using var gate = host.Generator.HoldNextStep();
        var running = host.GenerateBulk(images: 1);
        await gate.Entered;
        var waiting = host.GenerateBulk(images: 30);
        host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));

        gate.Open();

        await Task.WhenAll(Assert.ThrowsAnyAsync<Exception>(() => running), Assert.ThrowsAnyAsync<Exception>(() => waiting));
        await Assert.ThrowsAsync<ModelNotReadyException>(() => host.GenerateBulk(images: 1));
        host.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Single(await host.GenerateBulk(images: 1));
        Assert.Single(await host.Generate(images: 1));
        await host.StopAsync();
    }

    [Fact]
    public async Task Step_DoesNotFitBesideBulkImages_RestartsThemFirst()
    {
        using var first = _host.Generator.HoldNextStep();
        using var second = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 3);
        await first.Entered;
        var interactive = _host.Generate(images: 2);
        first.Open();
        await second.Entered;
        _host.Generator.MaxImages = 2;

        second.Open();
        await Task.WhenAll(bulk, interactive);

        Assert.Equal([1UL, 2UL], (await interactive).Select(finished => finished.Image.Specification.Seed));
        Assert.Equal(3, (await bulk).Count);
        Assert.All(Steps.Skip(1).TakeWhile(step => Kinds(step).Contains('I')), step => Assert.Equal("II", Kinds(step)));
    }

    [Fact]
    public async Task Step_OfBulkImagesDoesNotFit_RestartsTheYoungerHalf()
    {
        _host.Generator.MaxImages = 2;

        var bulk = await _host.GenerateBulk(images: 4);

        Assert.Equal([1_001UL, 1_002UL, 1_003UL, 1_004UL], bulk.Select(finished => finished.Image.Specification.Seed));
    }

    [Fact]
    public async Task GenerateBulk_CallerStops_FreesRowsAndLine()
    {
        using var caller = new CancellationTokenSource();
        using var gate = _host.Generator.HoldNextStep();
        var cancelled = _host.GenerateBulk(images: 40, cancellation: caller.Token);
        await gate.Entered;

        await caller.CancelAsync();
        gate.Open();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Single(await _host.GenerateBulk(images: 1));
        Assert.Equal((0, 0), (_host.InFlight.Read().BulkWaiting, _host.InFlight.Read().BulkRunning));
    }

    [Fact]
    public async Task GenerateBulk_SmallSubmissionBehindALargeOne_EndsFarEarlier()
    {
        using var gate = _host.Generator.HoldNextStep();
        var large = _host.GenerateBulk(images: 120);
        await gate.Entered;
        var small = _host.GenerateBulk(images: 10, firstSeed: 5_001);

        gate.Open();
        await Task.WhenAll(small, large);

        var last = Steps.Index().Last(step => step.Item.Any(image => image.Seed > 5_000)).Index;
        Assert.InRange(last, 0, 9); // of 33: 12 images of the large one run, then every second image is of the small one
    }

    [Fact]
    public async Task GenerateBulk_InteractiveDeadlinePasses_EndsInteractiveOnly()
    {
        using var gate = _host.Generator.HoldNextStep();
        var bulk = _host.GenerateBulk(images: 1);
        await gate.Entered;
        var interactive = _host.Generate(images: 1);

        _host.Clock.Advance(new InferenceOptions().RequestTimeout);

        await Assert.ThrowsAsync<DeadlineExceededException>(() => interactive);
        gate.Open();
        Assert.Single(await bulk);
    }

    private static string Kinds(IReadOnlyList<ImageSpecification> step) =>
        string.Concat(step.Select(image => image.Seed >= FirstBulkSeed ? 'B' : 'I'));
}
