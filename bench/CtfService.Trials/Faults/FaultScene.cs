using System.Diagnostics;
using System.Net;
using System.Text.Json;
using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;
using CtfService.Trials.Reports;

namespace CtfService.Trials.Faults;

/// <summary>A service with a folder of its own in which one fault happens, and what must hold before, during and after it.</summary>
internal sealed class FaultScene(string fault, ServiceBuild build, TrialFolder folder, FaultExpectations expected, TrialReport report) : IDisposable
{
    /// <summary>Longer than all waits between the attempts at a shard (1, 10 and 60 s): a fault of the storage must not use them up.</summary>
    public static readonly TimeSpan FaultTime = TimeSpan.FromSeconds(90);

    /// <summary>Time until a line of the log is in its file.</summary>
    private static readonly TimeSpan LogTime = TimeSpan.FromSeconds(2);

    /// <summary>The exit code of a service whose store a person must mend.</summary>
    private const int ConfigurationExitCode = 78;

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    private ServiceInstance? _service;
    private DatasetClient? _datasets;

    /// <summary>Folder of this scene, for databases and disks.</summary>
    public string Folder { get; } = folder.Empty(fault);

    public ServiceInstance Service => _service!;

    public DatasetClient Datasets => _datasets!;

    public async Task StartAsync(string storage, CancellationToken cancellation, params string[] settings)
    {
        Prepare(storage, settings);
        await Service.StartReadyAsync(cancellation);
    }

    /// <summary>Sets what the service is started with.</summary>
    public void Prepare(string storage, params string[] settings)
    {
        _service = new(build, fault, folder.File("logs"), [$"--Storage:Folder={storage}", .. settings]);
        _datasets = new([_service]);
    }

    /// <summary>Requires that the service does not start and names the cause.</summary>
    public async Task CannotStartAsync(string when, string cause, CancellationToken cancellation)
    {
        Service.Start();
        var code = await Service.EndAsync(cancellation);
        var message = string.Join(' ', Service.LastLines(20).Where(line => line.Contains("The service cannot start", StringComparison.Ordinal)));
        var isClear = code == ConfigurationExitCode && message.Contains(cause, StringComparison.Ordinal);
        report.Require($"{fault}: a start {when}", $"{code} {message}", $"ends with {ConfigurationExitCode} and names: {cause}", isClear);
    }

    /// <summary>Creates the data set and waits until a third of it is finished.</summary>
    public async Task<DatasetJob> BeginAsync(CancellationToken cancellation)
    {
        var job = await Datasets.CreateAsync(expected.Order, cancellation);
        return await Datasets.WaitAsync(job.Id, each => each.ImageCounts.Completed >= expected.Order.Images / 3, Timeout, cancellation);
    }

    /// <summary>Requires that interactive images are right.</summary>
    public async Task ImagesAsync(string when, CancellationToken cancellation)
    {
        const int Count = 8;
        var right = 0;
        for (var i = 0; i < Count; i++)
        {
            var (request, file) = expected.Images[i];
            var answer = await request.SendAsync(Service.Client, cancellation);
            right += answer.Status == HttpStatusCode.OK && answer.Body.AsSpan().SequenceEqual(file) ? 1 : 0;
        }

        report.Require($"{fault}: interactive images {when}", $"{right} of {Count} right", $"all", right == Count);
    }

    /// <summary>Requires that a new job is refused with 503, and that the log, which only the operator sees, names the cause.</summary>
    public async Task RefusesAsync(string when, string cause, CancellationToken cancellation)
    {
        var (status, body) = await Datasets.TryCreateAsync(expected.Order, cancellation);
        var isRefused = status == HttpStatusCode.ServiceUnavailable && Message(body).Length > 0;
        report.Require($"{fault}: a new job {when}", $"{(int)status} {Message(body)}", $"503 with a message", isRefused);
        await Task.Delay(LogTime, TimeProvider.System, cancellation);
        var line = Service.LastLines(200).LastOrDefault(each => each.Contains("POST /v1/datasets", StringComparison.Ordinal)) ?? "";
        report.Require($"{fault}: log {when}", $"{line}", $"names {cause}", line.Contains(cause, StringComparison.Ordinal));
    }

    /// <summary>Requires that a new job is accepted, and cancels it.</summary>
    public async Task AcceptsAsync(string when, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var (status, body) = await Datasets.TryCreateAsync(expected.Order, cancellation);
        var time = Stopwatch.GetElapsedTime(started);
        report.Require(
            $"{fault}: a new job {when}", $"{(int)status} after {time.TotalSeconds:0.0} s", $"accepted", status is HttpStatusCode.OK or HttpStatusCode.Created);
        if (status is HttpStatusCode.OK or HttpStatusCode.Created)
        {
            await Datasets.CancelAsync(DatasetJob.Parse(body).Id, cancellation);
        }
    }

    /// <summary>Requires that the state of the job is either there, not ended, or refused with 503 and an explanation.</summary>
    public async Task ShowsAsync(string id, string when, CancellationToken cancellation)
    {
        var (status, body) = await Datasets.TryFindAsync(id, cancellation);
        var job = status == HttpStatusCode.OK ? DatasetJob.Parse(body) : null;
        var isClear = job is { IsEnded: false, ImageCounts.Failed: 0 } || (status == HttpStatusCode.ServiceUnavailable && Message(body).Length > 0);
        report.Require(
            $"{fault}: state {when}", $"{(int)status} {job?.ToString() ?? Message(body)}", $"not ended and none failed, or 503 with the cause", isClear);
    }

    /// <summary>Requires that every file that is served now is whole.</summary>
    public async Task ServesWholeFilesAsync(string id, string when, CancellationToken cancellation)
    {
        var output = await DatasetOutput.DownloadAsync(Datasets, id, cancellation);
        var wrong = output.Hashes.Where(file => expected.Output.Hashes.GetValueOrDefault(file.Key) != file.Value).Select(file => file.Key).ToList();
        report.Require(
            $"{fault}: files served {when}", $"{output.Hashes.Count}, not whole: {wrong.Count} {string.Join(' ', wrong)}", $"0 not whole", wrong.Count == 0);
    }

    /// <summary>Requires that the job completes by itself and equals an undisturbed one.</summary>
    public async Task CompletesAsync(string id, CancellationToken cancellation)
    {
        var job = await Datasets.EndAsync(id, Timeout, cancellation);
        report.Require(
            $"{fault}: after it was mended", $"{job}", $"completed, none failed", job is { Status: "completed", ImageCounts.Failed: 0 });
        var differences = (await DatasetOutput.DownloadAsync(Datasets, id, cancellation)).DifferencesTo(expected.Output);
        report.Require(
            $"{fault}: files that differ from an undisturbed run", $"{differences.Count} {string.Join(' ', differences)}", $"0", differences.Count == 0);
    }

    public void Note(string what, FormattableString value) => report.Measure($"{fault}: {what}", value);

    public void Require(string what, FormattableString value, FormattableString required, bool isMet) =>
        report.Require($"{fault}: {what}", value, required, isMet);

    /// <summary>Ends the service; may be called again.</summary>
    public void Dispose()
    {
        _service?.Dispose();
        _service = null;
    }

    /// <summary>The message of an error in OpenAI's form; the whole body if it has none.</summary>
    internal static string Message(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.GetProperty("error").GetProperty("message").GetString()!;
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return body;
        }
    }
}

/// <summary>What an undisturbed process made.</summary>
internal sealed record FaultExpectations(DatasetOrder Order, DatasetOutput Output, ExpectedImages Images);
