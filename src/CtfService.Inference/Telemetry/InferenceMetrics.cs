using System.Diagnostics.Metrics;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Status;

namespace CtfService.Inference.Telemetry;

/// <summary>
/// Metrics of queue, workers and model on the meter <c>CtfService</c>; docs/operations/telemetry.md describes each instrument. Methods are named after
/// events and thread-safe; those called in a step do not allocate.
/// </summary>
public sealed class InferenceMetrics
{
    /// <summary>Meter of all instruments of this program; the host adds its own.</summary>
    public const string MeterName = "CtfService";

    private const string ModelTag = "ctf.model";
    private const string DeviceTag = "ctf.device";
    private const string PriorityTag = "ctf.priority";

    private readonly Meter _meter;
    private readonly InFlightImages _inFlight;
    private readonly Counter<long> _steps;
    private readonly Counter<long> _failedSteps;
    private readonly Counter<long> _moved;
    private readonly Counter<long> _splits;
    private readonly Counter<long> _images;
    private readonly Counter<long> _restarts;
    private readonly Counter<long> _rowsTaken;
    private readonly Counter<long> _overtaking;
    private readonly Histogram<double> _decodeStep;
    private readonly Histogram<int> _decodeRows;
    private readonly Counter<long> _decodeImages;
    private readonly Counter<long> _positions;
    private readonly Counter<long> _labels;
    private readonly Counter<long> _wastedRows;
    private readonly Histogram<double> _queueWait;
    private readonly Histogram<double> _stage;
    private readonly Histogram<double> _firstPreview;
    private readonly Gauge<double> _load;

    internal InferenceMetrics(IMeterFactory meters, InFlightImages inFlight, int queueCapacity)
    {
        _inFlight = inFlight;
        var meter = _meter = meters.Create(MeterName, ThisProgram.Version);
        _steps = meter.CreateCounter<long>("ctf.worker.steps", "{step}", "Completed steps, successful or not.");
        _failedSteps = meter.CreateCounter<long>("ctf.worker.failed_steps", "{step}", "Steps that failed, and images that a device did not accept.");
        _moved = meter.CreateCounter<long>("ctf.images.moved", "{image}", "Images that failed on the device and started again on another.");
        _splits = meter.CreateCounter<long>("ctf.oom.splits", "{split}", "Batches that were split because they did not fit in device memory.");
        _images = meter.CreateCounter<long>("ctf.images.generated", "{image}", "Finished images.");
        _restarts = meter.CreateCounter<long>("ctf.bulk.restarts", "{image}", "Bulk images that lost their rows to interactive images and restarted.");
        _restarts.Add(0); // exported from the start: a counter that appears with its first event would show no increase
        _rowsTaken = meter.CreateCounter<long>(
            "ctf.images.restarts", "{image}", "Images that lost their rows to an image of a higher priority and restarted; without bulk images.");
        _overtaking = meter.CreateCounter<long>(
            "ctf.images.overtaking", "{image}", "Interactive images that ran before those of a caller who crowds the devices.");
        _decodeStep = meter.CreateHistogram(
            "ctf.decode_step.duration", "s", "Duration of one decode step of the coarse transformer.", tags: null, BucketBounds.Stages);
        _decodeRows = meter.CreateHistogram("ctf.decode_step.rows", "{row}", "Rows of one decode step.", tags: null, BucketBounds.Rows);
        _decodeImages = meter.CreateCounter<long>(
            "ctf.decode_step.images", "{image}", "Images in decode steps, each counted in every step that drew its labels.");
        _positions = meter.CreateCounter<long>(
            "ctf.decode_step.positions", "{position}", "Positions whose labels decode steps drew, accepted or not.");
        _labels = meter.CreateCounter<long>("ctf.decode_step.labels", "{label}", "Labels that decode steps drew and accepted.");
        _wastedRows = meter.CreateCounter<long>(
            "ctf.decode_step.wasted_rows", "{row}", "Rows that decode steps computed for labels that were not accepted.");
        _queueWait = meter.CreateHistogram("ctf.queue.wait", "s", "Time that a finished image waited before it started.", tags: null, BucketBounds.Waits);
        _stage = meter.CreateHistogram("ctf.stage.duration", "s", "Time that a finished image spent in a stage.", tags: null, BucketBounds.Stages);
        _firstPreview = meter.CreateHistogram(
            "ctf.preview.first", "s", "Time from the arrival of a request to its first preview.", tags: null, BucketBounds.Waits);
        _load = meter.CreateGauge<double>("ctf.model.load.duration", "s", "Duration of the latest load, including the warm-up.");
        ObserveInFlight(meter, queueCapacity);
    }

    /// <summary>Exports the status of the model from now on. Call once.</summary>
    internal void ObserveModel(IModelStatus status)
    {
        _meter.CreateObservableGauge(
            "ctf.model.ready", () => status.Current is ModelStatus.Ready ? 1 : 0, unit: null, "1 if requests are accepted, otherwise 0.");
        _meter.CreateObservableGauge(
            "ctf.device.up", () => status.Devices.SelectMany(UpOrDown), unit: null, "1 if the device generates images, 0 if it has failed.");
        _meter.CreateObservableGauge(
            "ctf.model.info", () => Describe(status.Current), unit: null, "Always 1; the attributes describe the loaded model and how it is computed.");
    }

    internal void ModelLoaded(string model, TimeSpan elapsed) => _load.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>(ModelTag, model));

    /// <summary>Adds a generator that started.</summary>
    internal InFlightDevice GeneratorStarted(string device, int rows)
    {
        var started = _inFlight.Join(device, rows);
        _splits.Add(0, started.Tag); // exported from the start: a counter that appears with its first split would show no increase
        _failedSteps.Add(0, started.Tag);
        _moved.Add(0, started.Tag);
        LabelsDrawn(started, default);
        return started;
    }

    internal void GeneratorEnded(InFlightDevice device) => _inFlight.Leave(device);

    internal InFlightImage ImageQueued(ImageSpecification image, ImagePriority priority) => _inFlight.Enter(image.Rows, priority);

    internal void StepEnded(InFlightDevice device, StepReport step)
    {
        _inFlight.StepEnded();
        _steps.Add(1, device.Tag);
        if (step.Rows > 0)
        {
            _decodeStep.Record(step.DecodeTime.TotalSeconds, device.Tag);
            _decodeRows.Record(step.Rows, device.Tag);
            LabelsDrawn(device, step.Decode);
        }

        if (step.Splits > 0)
        {
            _splits.Add(step.Splits, device.Tag);
        }
    }

    private void LabelsDrawn(InFlightDevice device, DecodeWork work)
    {
        _decodeImages.Add(work.Images, device.Tag);
        _positions.Add(work.Positions, device.Tag);
        _labels.Add(work.Labels, device.Tag);
        _wastedRows.Add(work.WastedRows, device.Tag);
    }

    /// <summary>Counts a step that did not fit and was repeated with fewer images.</summary>
    internal void BatchSplit(InFlightDevice device) => _splits.Add(1, device.Tag);

    /// <summary>Counts a step that failed, or an image that the device did not accept.</summary>
    internal void StepFailed(InFlightDevice device) => _failedSteps.Add(1, device.Tag);

    /// <summary>Counts an image that failed on a device and starts again on another.</summary>
    internal void ImageMoved(InFlightDevice device) => _moved.Add(1, device.Tag);

    internal void ImageGenerated(string model, ImagePriority priority) =>
        _images.Add(1, new KeyValuePair<string, object?>(ModelTag, model), OfPriority(priority));

    /// <summary>Counts an interactive image that runs before others, because their caller crowds the devices.</summary>
    internal void ImageOvertakes() => _overtaking.Add(1);

    /// <summary>Counts images that gave their rows to an image of a higher priority and must restart.</summary>
    internal void RowsTaken(IReadOnlyList<ImagePriority> from)
    {
        foreach (var priority in from)
        {
            if (priority == ImagePriority.Bulk)
            {
                _restarts.Add(1);
            }
            else
            {
                _rowsTaken.Add(1, OfPriority(priority));
            }
        }
    }

    internal void ImageWaited(TimeSpan queueTime) => _queueWait.Record(queueTime.TotalSeconds);

    /// <param name="stage">One of <see cref="StageNames"/>.</param>
    /// <param name="device">Name of the device that ran the stage.</param>
    internal void StageEnded(string stage, TimeSpan elapsed, string device) =>
        _stage.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("ctf.stage", stage), new KeyValuePair<string, object?>(DeviceTag, device));

    /// <param name="stage">One of <see cref="StageNames"/> that runs on no device.</param>
    public void StageEnded(string stage, TimeSpan elapsed) => _stage.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("ctf.stage", stage));

    public void FirstPreviewSent(TimeSpan sinceArrival) => _firstPreview.Record(sinceArrival.TotalSeconds);

    private void ObserveInFlight(Meter meter, int queueCapacity)
    {
        meter.CreateObservableGauge("ctf.queue.images", () => _inFlight.Read().Waiting, "{image}", "Images waiting to start.");
        meter.CreateObservableGauge("ctf.queue.rows", () => _inFlight.Read().WaitingRows, "{row}", "Rows that the waiting images will use.");
        meter.CreateObservableGauge("ctf.queue.capacity", () => queueCapacity, "{image}", "Maximum number of waiting images.");
        meter.CreateObservableGauge(
            "ctf.queue.oldest_wait", () => _inFlight.Read().OldestWait.TotalSeconds, "s", "Waiting time of the oldest waiting image; 0 if none waits.");
        meter.CreateObservableGauge("ctf.images.running", () => _inFlight.Read().Running, "{image}", "Images that have started and not ended.");
        meter.CreateObservableGauge("ctf.bulk.images", () => BulkImages(_inFlight.Read()), "{image}", "Bulk images that wait, or that have started.");
        meter.CreateObservableGauge("ctf.batch.occupancy", () => _inFlight.Read().Occupancy, "1", "Fraction of rows in use by interactive images.");
        meter.CreateObservableGauge(
            "ctf.worker.stalled_time",
            () => StalledTimes(_inFlight.ReadDevices()),
            "s",
            "Time since the last completed step of the device while it has images; otherwise 0.");
    }

    /// <summary>While models are switched, a device has two generators.</summary>
    private static IEnumerable<Measurement<double>> StalledTimes(IEnumerable<InFlightDevice> devices) => devices
        .GroupBy(device => device.Tag.Value)
        .Select(same => new Measurement<double>(same.Max(device => device.StalledFor).TotalSeconds, same.First().Tag));

    private static IEnumerable<Measurement<int>> BulkImages(InFlightSnapshot images) =>
    [
        new Measurement<int>(images.BulkWaiting, new KeyValuePair<string, object?>("ctf.state", "waiting")),
        new Measurement<int>(images.BulkRunning, new KeyValuePair<string, object?>("ctf.state", "running")),
    ];

    private static IEnumerable<Measurement<int>> UpOrDown(DeviceReport device) => device.Status is not (DeviceStatus.Ready or DeviceStatus.Failed)
        ? []
        : [new Measurement<int>(device.Status == DeviceStatus.Ready ? 1 : 0, new KeyValuePair<string, object?>(DeviceTag, device.Name))];

    private static KeyValuePair<string, object?> OfPriority(ImagePriority priority) => new(PriorityTag, priority switch
    {
        ImagePriority.High => "high",
        ImagePriority.Interactive => "interactive",
        ImagePriority.Batch => "batch",
        _ => "bulk",
    });

    private static IEnumerable<Measurement<int>> Describe(ModelStatus status) => status is not ModelStatus.Ready { Model: var model } ? [] :
    [
        new Measurement<int>(
            1,
            new(ModelTag, model.Name),
            new("ctf.bundle.hash", model.BundleHash),
            new(DeviceTag, model.Device),
            new("ctf.dtype", model.Dtype),
            new("service.version", ThisProgram.Version)),
    ];
}
