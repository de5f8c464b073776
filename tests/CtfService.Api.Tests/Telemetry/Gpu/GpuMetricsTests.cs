using CtfService.Api.Telemetry.Gpu;
using CtfService.TestSupport;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;

namespace CtfService.Api.Tests.Telemetry.Gpu;

public sealed class GpuMetricsTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly TestMeters _meters = new();
    private readonly FakeLogger<NvmlReader> _log = new();

    public void Dispose() => _meters.Dispose();

    [Theory]
    [InlineData("hw.gpu.utilization", 0.73)]
    [InlineData("hw.power", 350)]
    [InlineData("hw.temperature", 61)]
    public void Gauges_OneGpu_AreInTheUnitsOfTheConventions(string instrument, double expected)
    {
        Measure(new FakeNvml());

        var one = Assert.Single(Observe<double>(instrument));

        Assert.Equal(expected, one.Value);
        Assert.Equal(
            ("GPU-100", "gpu", "gpu0", "NVIDIA H100 80GB HBM3", "NVIDIA"),
            (one.Tags["hw.id"], one.Tags["hw.type"], one.Tags["hw.name"], one.Tags["hw.model"], one.Tags["hw.vendor"]));
    }

    [Fact]
    public void Memory_OneGpu_IsInBytes()
    {
        Measure(new FakeNvml());

        Assert.Equal(
            (21_474_836_480, 85_899_345_920),
            (Assert.Single(Observe<long>("hw.gpu.memory.usage")).Value, Assert.Single(Observe<long>("hw.gpu.memory.limit")).Value));
    }

    [Fact]
    public void Clocks_OneGpu_AreInHertzByKind()
    {
        Measure(new FakeNvml());

        Assert.Equal(
            [("sm", 1_980_000_000L), ("memory", 2_619_000_000L)],
            Observe<long>("ctf.gpu.clock").Select(one => ((string)one.Tags["ctf.gpu.clock.type"]!, one.Value)));
    }

    [Fact]
    public void Throttled_TwoReasons_AreOneAndTheOthersZero()
    {
        Measure(new FakeNvml());

        Assert.Equal(
            [("power_cap", 1), ("hardware_slowdown", 0), ("software_thermal", 0), ("hardware_thermal", 1), ("power_brake", 0)],
            Observe<int>("ctf.gpu.throttled").Select(one => ((string)one.Tags["ctf.gpu.throttle.reason"]!, one.Value)));
    }

    [Fact]
    public void Errors_XidEvents_AreCountedByGpuAndLogged()
    {
        var nvml = new FakeNvml { Devices = 2 };
        Measure(nvml);
        Assert.Equal([0, 0], Observe<long>("hw.errors").Select(one => one.Value));

        nvml.Events.Enqueue(new NvmlEvent(Device: 101, Kind: 8, Data: 79, 0, 0));
        nvml.Events.Enqueue(new NvmlEvent(Device: 101, Kind: 8, Data: 31, 0, 0));
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([("GPU-100", 0L), ("GPU-101", 2L)], Observe<long>("hw.errors").Select(one => ((string)one.Tags["hw.id"]!, one.Value)));
        Assert.All(Observe<long>("hw.errors"), one => Assert.Equal("xid", one.Tags["error.type"]));
        Assert.Equal(["79", "31"], _log.Collector.GetSnapshot().Where(line => line.Id.Id == 2213).Select(line => line.GetStructuredStateValue("Xid")));
    }

    [Fact]
    public void Readings_InstrumentsOfOneCollection_ShareOneReading()
    {
        var nvml = new FakeNvml();
        Measure(nvml);
        Observe<long>("hw.gpu.memory.usage");
        Observe<double>("hw.power");
        Assert.Equal(1, nvml.Reads);

        nvml.Milliwatts = 90_000;
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(90, Assert.Single(Observe<double>("hw.power")).Value);
        Assert.Equal(2, nvml.Reads);
    }

    [Fact]
    public void Instruments_GpuReportsNothing_AreEmptyAndNothingFails()
    {
        Measure(new FakeNvml { IsSilent = true });

        Assert.Empty(Observe<double>("hw.power"));
        Assert.Empty(Observe<long>("hw.gpu.memory.usage"));
        Assert.Empty(Observe<long>("hw.errors"));
        Assert.Empty(Observe<int>("ctf.gpu.throttled"));
    }

    [Fact]
    public void Instruments_DriverIsOld_ReportWhatItSupports()
    {
        Measure(new FakeNvml { IsOld = true });

        Assert.Empty(Observe<int>("ctf.gpu.throttled"));
        Assert.Empty(Observe<long>("hw.errors"));
        Assert.Single(Observe<double>("hw.power"));
    }

    [Theory]
    [InlineData(0, 0u, 2212)]
    [InlineData(9, 1u, 2211)]
    public void Instruments_NoGpuOrNoDriver_AreAbsentWithOneLogLine(int initResult, uint devices, int eventId)
    {
        Measure(new FakeNvml { InitResult = initResult, Devices = devices });

        Assert.Empty(_meters.Names);
        Assert.Equal(eventId, Assert.Single(_log.Collector.GetSnapshot()).Id.Id);
    }

    [Fact]
    public void Instruments_NoLibrary_AreAbsentWithOneLogLine()
    {
        Measure(new NoNvml());

        Assert.Empty(_meters.Names);
        Assert.Equal(2210, Assert.Single(_log.Collector.GetSnapshot()).Id.Id);
    }

    [Fact]
    public void Library_OfThisMachine_IsReadOrReportedAbsent()
    {
        var reader = new NvmlReader(new NvmlLibrary(), _log);

        var readings = reader.Read();

        Assert.All(readings, gpu => Assert.True(gpu.MemoryUsed is null || gpu.MemoryUsed <= gpu.MemoryTotal));
        Assert.InRange(Assert.Single(_log.Collector.GetSnapshot()).Id.Id, 2210, 2212);
    }

    private void Measure(INvml nvml) => _ = new GpuMetrics(_meters, new NvmlReader(nvml, _log), _clock);

    private IReadOnlyList<CollectedMeasurement<T>> Observe<T>(string instrument)
        where T : struct
    {
        using var collector = new MetricCollector<T>(_meters, GpuMetrics.MeterName, instrument);
        collector.RecordObservableInstruments();
        return collector.GetMeasurementSnapshot();
    }
}
