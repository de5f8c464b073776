using System.Diagnostics;
using System.Net;
using System.Text.Json;
using CtfService.Trials.Datasets;
using CtfService.Trials.Engine;
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

    private static readonly TimeSpan PassingTime = TimeSpan.FromSeconds(1.5); // real time: the service is another process

    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(5);

    private const int InteractiveImages = 8;

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
        _service = new(build, fault, folder.File("logs"), [$"--Storage:Folder={storage}", FaultExpectations.Dtype, .. settings]);
        _datasets = new([_service]);
    }

    /// <summary>Requires that the service does not start and names the cause.</summary>
    public async Task CannotStartAsync(string when, string cause, CancellationToken cancellation)
    {
        var (isRefused, end) = await TryStartAsync(cause, cancellation);
        report.Require($"{fault}: a start {when}", $"{end}", $"ends with {ConfigurationExitCode} and names: {cause}", isRefused);
    }

    /// <summary>Starts the service, which must not succeed.</summary>
    /// <returns>Whether it ended as it should and named the cause; its exit code and message.</returns>
    public async Task<(bool IsRefused, string End)> TryStartAsync(string cause, CancellationToken cancellation)
    {
        Service.Start();
        var code = await Service.EndAsync(cancellation);
        var message = string.Join(' ', Service.LastLines(20).Where(line => line.Contains("The service cannot start", StringComparison.Ordinal)));
        return (code == ConfigurationExitCode && message.Contains(cause, StringComparison.Ordinal), $"{code} {message}");
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
        var wrong = await WrongImagesAsync(cancellation);
        report.Require($"{fault}: interactive images {when}", $"{wrong} of {InteractiveImages} wrong", $"0", wrong == 0);
    }

    /// <summary>Requests the interactive images and returns how many were wrong.</summary>
    public async Task<int> WrongImagesAsync(CancellationToken cancellation)
    {
        var wrong = 0;
        for (var i = 0; i < InteractiveImages; i++)
        {
            var (request, file) = expected.Images[i];
            var answer = await request.SendAsync(Service.Client, cancellation);
            wrong += answer.Status == HttpStatusCode.OK && answer.Body.AsSpan().SequenceEqual(file) ? 0 : 1;
        }

        return wrong;
    }

    /// <summary>
    /// Breaks the storage and mends it a number of times, while callers request images and data sets are made one after another. Every image must be right, and
    /// every data set must become that of an undisturbed process.
    /// </summary>
    public async Task RepeatAsync(PassingFault passing, int times, CancellationToken cancellation)
    {
        await using var load = new FaultyLoad(Service.Client, [.. Enumerable.Range(0, InteractiveImages).Select(LoadedImageOf)]);
        using var end = new CancellationTokenSource();
        var datasets = DatasetsAsync(end.Token, cancellation);
        load.Start();
        var (began, slowest, missing) = (Stopwatch.GetTimestamp(), TimeSpan.Zero, 0);
        for (var time = 0; time < times && !datasets.IsFaulted; time++)
        {
            await passing.BreakAsync();
            await Task.Delay(PassingTime, TimeProvider.System, cancellation);
            await passing.MendAsync();
            var recovered = await load.RecoveryAsync(Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(1));
            missing += recovered is null ? 1 : 0;
            slowest = recovered > slowest ? recovered.Value : slowest;
        }

        var answers = load.Since(began);
        await end.CancelAsync();
        await load.StopAsync();
        var (made, wrong) = await datasets;
        var wrongImages = answers.Where(answer => !answer.IsRight).CountBy(answer => answer.Code ?? "other bytes").Select(code => $"{code.Value} {code.Key}");
        var right = answers.Count(answer => answer.IsRight);
        report.Require(
            $"{fault}, {times} times: interactive images", $"{right} of {answers.Count} right {string.Join(", ", wrongImages)}", $"all",
            right > 0 && right == answers.Count);
        report.Require($"{fault}, {times} times: next right image", $"{slowest.TotalSeconds:0.00} s", $"at most 5 s", missing == 0 && slowest <= Recovery);
        RequireSame($"{times} times: data sets", made, wrong);
    }

    /// <summary>Requires that data sets are those of an undisturbed process.</summary>
    public void RequireSame(string what, int made, IReadOnlyList<string> differences) => Require(
        what, $"{made}, {differences.Count} differences {string.Join(" | ", differences.Take(3))}", $"0", made > 0 && differences.Count == 0);

    /// <summary>Waits for a job and returns how it differs from that of an undisturbed process.</summary>
    public async Task<IReadOnlyList<string>> DifferencesOfAsync(string id, CancellationToken cancellation)
    {
        var job = await Datasets.EndAsync(id, Timeout, cancellation);
        return job is { Status: "completed", ImageCounts.Failed: 0 }
            ? (await DatasetOutput.DownloadAsync(Datasets, id, cancellation)).DifferencesTo(expected.Output)
            : [$"{job}"];
    }

    /// <summary>Makes data sets one after another.</summary>
    /// <param name="end">No further one begins.</param>
    /// <returns>How many were made, and how they differ from that of an undisturbed process.</returns>
    public async Task<(int Made, IReadOnlyList<string> Wrong)> DatasetsAsync(CancellationToken end, CancellationToken cancellation)
    {
        var (made, wrong) = (0, new List<string>());
        do
        {
            var job = await Datasets.CreateAsync(expected.Order, cancellation);
            wrong.AddRange(await DifferencesOfAsync(job.Id, cancellation));
            made++;
        }
        while (!end.IsCancellationRequested);
        return (made, wrong);
    }

    private LoadedImage LoadedImageOf(int number)
    {
        var (request, file) = expected.Images[number];
        return new(request.ToMessage, file);
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
internal sealed record FaultExpectations(DatasetOrder Order, DatasetOutput Output, ExpectedImages Images)
{
    /// <summary>The setting of the element type, which every process must have to draw the same images.</summary>
    public const string Dtype = "--Model:Dtype=int8";
}
