using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Status;
using CtfService.Inference.Telemetry;
using CtfService.Inference.Tests.Worker;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace CtfService.Inference.Tests.Telemetry;

public sealed class InferenceMetricsTests : IAsyncLifetime
{
    private readonly WorkerHost _host = new(new InferenceOptions { MaxQueuedImages = 10 });

    public Task InitializeAsync() => _host.StartAsync();

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Meters.Dispose();
    }

    [Fact]
    public async Task Steps_OfSomeImages_AreCountedWithRowsAndDecodeTime()
    {
        using var steps = Collect<long>("ctf.worker.steps");
        using var rows = Collect<int>("ctf.decode_step.rows");
        using var seconds = Collect<double>("ctf.decode_step.duration");
        _host.Generator.StepsPerImage = 3;
        _host.Generator.DecodeTime = TimeSpan.FromMilliseconds(7);

        await _host.Generate(images: 2);
        await _host.StopAsync(); // the worker counts a step after its images have been delivered

        Assert.Equal(3, Sum(steps));
        Assert.Equal([2, 2, 2], Values(rows)); // two images without guidance
        Assert.Equal([0.007, 0.007, 0.007], Values(seconds));
    }

    [Fact]
    public async Task DecodeSteps_WithWindows_CountImagesPositionsLabelsAndWastedRows()
    {
        using var images = Collect<long>("ctf.decode_step.images");
        using var positions = Collect<long>("ctf.decode_step.positions");
        using var labels = Collect<long>("ctf.decode_step.labels");
        using var wasted = Collect<long>("ctf.decode_step.wasted_rows");
        (_host.Generator.StepsPerImage, _host.Generator.Window) = (3, 4);

        await _host.Generate(images: 2);
        await _host.StopAsync();

        Assert.Equal((6, 24, 6, 18), (Sum(images), Sum(positions), Sum(labels), Sum(wasted)));
        Assert.All(labels.GetMeasurementSnapshot(), one => Assert.NotNull(one.Tags["ctf.device"]));
    }

    [Theory]
    [InlineData("images")]
    [InlineData("positions")]
    [InlineData("labels")]
    [InlineData("wasted_rows")]
    public async Task DecodeSteps_GeneratorStarts_AreExportedAsZero(string counter)
    {
        using var counted = Collect<long>($"ctf.decode_step.{counter}");

        _host.Metrics.GeneratorStarted("cuda:1", rows: 4);

        Assert.Equal((0, "cuda:1"), (counted.LastMeasurement!.Value, counted.LastMeasurement.Tags["ctf.device"]));
        await _host.Generate(images: 1);
    }

    [Fact]
    public async Task Devices_OneFails_IsCountedApartFromTheOther()
    {
        var service = new SeveralDevices(2);
        using var steps = new MetricCollector<long>(service.Host.Meters, InferenceMetrics.MeterName, "ctf.worker.steps");
        using var failed = new MetricCollector<long>(service.Host.Meters, InferenceMetrics.MeterName, "ctf.worker.failed_steps");
        using var moved = new MetricCollector<long>(service.Host.Meters, InferenceMetrics.MeterName, "ctf.images.moved");
        using var up = new MetricCollector<int>(service.Host.Meters, InferenceMetrics.MeterName, "ctf.device.up");
        await service.Host.StartAsync();
        service.Generators[0].FailNextStep(new InvalidOperationException("broken kernel"));
        while (failed.GetMeasurementSnapshot().All(one => one.Value == 0)) // the other device may take all images of a request
        {
            await service.GenerateRightly(Jobs.Images(4));
        }

        service.Generators[1].CrashWorker(new InvalidOperationException("broken device"));
        while (service.Host.ModelRouter.Devices[1].Status != DeviceStatus.Failed)
        {
            await service.GenerateRightly(Jobs.Images(4));
        }

        up.RecordObservableInstruments();
        await service.Host.StopAsync();

        Assert.Equal(["cuda:0", "cuda:1"], steps.GetMeasurementSnapshot().Select(one => (string)one.Tags["ctf.device"]!).Distinct().Order());
        Assert.Equal("cuda:0", Assert.Single(failed.GetMeasurementSnapshot(), one => one.Value > 0).Tags["ctf.device"]);
        Assert.Contains(moved.GetMeasurementSnapshot(), one => one.Value > 0 && (string)one.Tags["ctf.device"]! == "cuda:0");
        Assert.Equal(
            [("cuda:0", 1), ("cuda:1", 0)],
            up.GetMeasurementSnapshot().Select(one => ((string)one.Tags["ctf.device"]!, one.Value)));
        service.Host.Meters.Dispose();
    }

    [Fact]
    public async Task ImagesGenerated_FinishedImages_AreCountedByModel()
    {
        using var images = Collect<long>("ctf.images.generated");

        await _host.Generate(images: 3);
        await _host.StopAsync();

        Assert.Equal(3, Sum(images));
        Assert.All(images.GetMeasurementSnapshot(), one => Assert.Equal("fruits-fake", one.Tags["ctf.model"]));
    }

    [Fact]
    public async Task Stages_FinishedImage_AreRecordedFromItsTimings()
    {
        using var stages = Collect<double>("ctf.stage.duration");
        using var waits = Collect<double>("ctf.queue.wait");

        await _host.Generate(images: 1);

        Assert.Equal(
            [("coarse", 0.003), ("fine", 0.002), ("vq_decode", 0.001)],
            stages.GetMeasurementSnapshot().Select(one => ((string)one.Tags["ctf.stage"]!, one.Value)));
        Assert.Equal([0.0], Values(waits));
    }

    [Fact]
    public async Task QueueWait_ImageWaitedForAnother_IsRecorded()
    {
        using var waits = Collect<double>("ctf.queue.wait");
        using var gate = _host.Generator.HoldNextStep();
        var first = _host.Generate(images: 1);
        await gate.Entered;
        var second = _host.Generate(images: 1);
        _host.Clock.Advance(TimeSpan.FromSeconds(4));

        gate.Open();
        await Task.WhenAll(first, second);

        Assert.Equal([0, 4], Values(waits).Order());
    }

    [Fact]
    public async Task Gauges_ImagesRunAndWait_ReportTheirNumberAndTime()
    {
        _host.Generator.Rows = 16;
        using var gate = _host.Generator.HoldNextStep();
        var running = _host.Generate(images: 4);
        await gate.Entered;
        var waiting = _host.Generate(images: 3);
        _host.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal((4, 3, 3), (Observe<int>("ctf.images.running"), Observe<int>("ctf.queue.images"), Observe<int>("ctf.queue.rows")));
        Assert.Equal(
            (10, 2.0, 0.25, 2.0),
            (Observe<int>("ctf.queue.capacity"), Observe<double>("ctf.queue.oldest_wait"),
                Observe<double>("ctf.batch.occupancy"), Observe<double>("ctf.worker.stalled_time")));

        gate.Open();
        await Task.WhenAll(running, waiting);
        Assert.Equal(
            (0, 0, 0.0, 0.0),
            (Observe<int>("ctf.images.running"), Observe<int>("ctf.queue.images"),
                Observe<double>("ctf.batch.occupancy"), Observe<double>("ctf.worker.stalled_time")));
    }

    [Fact]
    public async Task Gauges_CallersHangUpAndStepsFail_ReturnToZero()
    {
        using var gate = _host.Generator.HoldNextStep();
        using var caller = new CancellationTokenSource();
        var abandoned = _host.Generate(images: 5, caller.Token);
        await gate.Entered;
        var waiting = _host.Generate(images: 2, caller.Token);
        await caller.CancelAsync();
        gate.Open();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _host.Generator.FailNextStep(new InvalidOperationException("broken kernel"));
        await Assert.ThrowsAsync<GenerationFailedException>(() => _host.Generate(images: 2));

        await _host.StopAsync();

        Assert.Equal((0, 0, 0), (Observe<int>("ctf.images.running"), Observe<int>("ctf.queue.images"), Observe<int>("ctf.queue.rows")));
    }

    [Fact]
    public async Task StalledTime_DeviceHasTwoGeneratorsDuringASwitch_IsTheLonger()
    {
        var stuck = _host.Metrics.GeneratorStarted("cuda:1", rows: 4);
        stuck.StepBegins();
        _host.Metrics.GeneratorStarted("cuda:1", rows: 4);
        using var stalled = Collect<double>("ctf.worker.stalled_time");
        _host.Clock.Advance(TimeSpan.FromSeconds(7));

        stalled.RecordObservableInstruments();

        Assert.Equal(7, Assert.Single(stalled.GetMeasurementSnapshot(), one => (string)one.Tags["ctf.device"]! == "cuda:1").Value);
        await _host.Generate(images: 1);
    }

    [Fact]
    public async Task OomSplits_StepDoesNotFit_AreCounted()
    {
        using var splits = Collect<long>("ctf.oom.splits");
        _host.Generator.MaxImages = 2;

        await _host.Generate(images: 4);

        Assert.Equal(1, Sum(splits));
    }

    [Fact]
    public async Task OomSplits_GeneratorSplitsALaterStage_AreCountedToo()
    {
        using var splits = Collect<long>("ctf.oom.splits");

        _host.Metrics.StepEnded(_host.Metrics.GeneratorStarted("cuda:1", rows: 4), new StepReport(Rows: 0, TimeSpan.Zero, Splits: 3));

        Assert.Equal(3, Sum(splits));
        await _host.Generate(images: 1);
    }

    [Fact]
    public async Task Model_Ready_IsDescribedUntilTheServiceStops()
    {
        using var info = Collect<int>("ctf.model.info");
        Assert.Equal(1, Observe<int>("ctf.model.ready"));
        info.RecordObservableInstruments();

        var tags = Assert.Single(info.GetMeasurementSnapshot(clear: true)).Tags;
        Assert.Equal(("fruits-fake", new string('a', 64)), (tags["ctf.model"], tags["ctf.bundle.hash"]));
        Assert.Equal(ThisProgram.Version, tags["service.version"]);

        await _host.StopAsync();
        Assert.Equal(0, Observe<int>("ctf.model.ready"));
        info.RecordObservableInstruments();
        Assert.Empty(info.GetMeasurementSnapshot());
    }

    [Fact]
    public async Task ModelLoadDuration_AfterALoad_IsRecorded()
    {
        var host = new WorkerHost();
        using var load = new MetricCollector<double>(host.Meters, InferenceMetrics.MeterName, "ctf.model.load.duration");
        using var gate = host.Factory.HoldNextLoad();
        var started = host.StartAsync();
        await gate.Entered;
        host.Clock.Advance(TimeSpan.FromSeconds(9));

        gate.Open();
        await started;

        Assert.Equal((9.0, "fruits-fake"), (load.LastMeasurement!.Value, load.LastMeasurement.Tags["ctf.model"]));
        await host.StopAsync();
        host.Meters.Dispose();
    }

    [Fact]
    public void StepEnded_Collected_AllocatesNothing()
    {
        using var collecting = Sdk.CreateMeterProviderBuilder().AddMeter(InferenceMetrics.MeterName)
            .AddReader(new BaseExportingMetricReader(new NoExporter())).Build();
        var device = _host.Metrics.GeneratorStarted("cuda:1", rows: 4);
        var step = new StepReport(Rows: 4, TimeSpan.FromMilliseconds(1)) { Decode = new DecodeWork(Images: 1, Positions: 4, Labels: 2, WastedRows: 2) };
        Record(1_000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Record(1_000);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Record(int times)
        {
            for (var i = 0; i < times; i++)
            {
                _host.Metrics.StepEnded(device, step);
            }
        }
    }

    /// <summary>Exports nothing: the test measures the cost of recording while OpenTelemetry collects.</summary>
    private sealed class NoExporter : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Success;
    }

    private MetricCollector<T> Collect<T>(string instrument)
        where T : struct => new(_host.Meters, InferenceMetrics.MeterName, instrument);

    private T Observe<T>(string instrument)
        where T : struct
    {
        using var collector = Collect<T>(instrument);
        collector.RecordObservableInstruments();
        return Assert.Single(collector.GetMeasurementSnapshot()).Value;
    }

    private static long Sum(MetricCollector<long> collector) => collector.GetMeasurementSnapshot().Sum(one => one.Value);

    private static IEnumerable<T> Values<T>(MetricCollector<T> collector)
        where T : struct => collector.GetMeasurementSnapshot().Select(one => one.Value);
}
