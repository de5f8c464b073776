using System.Diagnostics;
using System.Net.Http.Json;
using CtfService.Trials.Cluster;
using CtfService.Trials.Datasets;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Stops;

/// <summary>Situations in which a service gets SIGTERM at a random moment. Each runs a process of its own.</summary>
internal sealed class StopScenes(ServiceBuild build, TrialFolder folder, string bundle, ExpectedImages images, Random random)
{
    private const int Clients = 8;

    /// <summary>Images that keep the service busy for more than a second.</summary>
    private const int QueuedRequests = 12;

    private const int ImagesOfARequest = 10;

    /// <summary>What the log line of an image request contains; the service writes one for each request that it has read.</summary>
    private const string RequestLine = "POST /v1/images/generations";

    private static readonly TimeSpan JobTimeout = TimeSpan.FromMinutes(10);

    private static readonly Uri Generations = new("/v1/images/generations", UriKind.Relative);

    private static readonly Uri Models = new("/v1/admin/models", UriKind.Relative);

    public Task<StopResult> IdleAsync(CancellationToken cancellation) =>
        ReadyAsync("idle", [], (_, _) => Task.CompletedTask, MillisecondsUpTo(1_000), cancellation);

    public Task<StopResult> LoadAsync(CancellationToken cancellation) => ReadyAsync(
        "load",
        [],
        (service, tally) => new StopClients(service, images, tally).RunAsync(Clients, cancellation),
        MillisecondsUpTo(2_000),
        cancellation);

    /// <summary>The signal arrives after the first line of the log: before it, the runtime itself starts and ends with 143.</summary>
    public async Task<StopResult> ModelLoadAsync(CancellationToken cancellation)
    {
        using var service = New("model-load", []);
        service.Start();
        while (service.LastLines(1).Count == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellation);
        }

        await Task.Delay(MillisecondsUpTo(400), TimeProvider.System, cancellation);
        return await StopAsync(service, new StopTally(), Task.CompletedTask, cancellation);
    }

    public Task<StopResult> SwitchAsync(CancellationToken cancellation) => ReadyAsync(
        "switch",
        [$"--Model:Bundle={Path.Combine(TwoBundles(), "one")}", $"--Model:Root={TwoBundles()}", .. ClusterKeys.Settings],
        (service, tally) =>
        {
            service.Client.DefaultRequestHeaders.Authorization = new("Bearer", ClusterKeys.Operator);
            return Task.WhenAll(new StopClients(service, images, tally).RunAsync(Clients, cancellation), SwitchModelAsync(service, tally, cancellation));
        },
        MillisecondsUpTo(800),
        cancellation);

    /// <summary>A second signal while more than a second of work is left.</summary>
    public async Task<StopResult> TwiceAsync(CancellationToken cancellation)
    {
        using var service = New("twice", []);
        await service.StartReadyAsync(cancellation);
        var lost = Enumerable.Range(0, QueuedRequests).Select(_ => IgnoreAsync(
            service.Client.PostAsJsonAsync(Generations, new { class_label = 1, n = ImagesOfARequest }, cancellation))).ToList();
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellation);
        await service.SignalAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellation);
        var result = await StopAsync(service, new StopTally(), Task.CompletedTask, cancellation);
        await Task.WhenAll(lost);
        return result;
    }

    /// <summary>Stops a process in the middle of a job and starts it again; returns the output of the job.</summary>
    /// <param name="times">Most stops.</param>
    /// <param name="stopped">Receives each stop.</param>
    public async Task<DatasetOutput> JobAsync(DatasetOrder order, int times, Action<StopResult> stopped, CancellationToken cancellation)
    {
        using var service = New("job", []);
        var client = new DatasetClient([service]);
        await service.StartReadyAsync(cancellation);
        var job = await client.CreateAsync(order, cancellation);
        for (var stop = 0; stop < times; stop++)
        {
            await Task.Delay(MillisecondsUpTo(1_500), TimeProvider.System, cancellation);
            if ((await client.FindAsync(job.Id, cancellation)).IsEnded)
            {
                break;
            }

            stopped(await StopAsync(service, new StopTally(), Task.CompletedTask, cancellation));
            await service.StartReadyAsync(cancellation);
        }

        await client.EndAsync(job.Id, JobTimeout, cancellation);
        return await DatasetOutput.DownloadAsync(client, job.Id, cancellation);
    }

    private static async Task SwitchModelAsync(ServiceInstance service, StopTally tally, CancellationToken cancellation)
    {
        try
        {
            using var answer = await service.Client.PostAsJsonAsync(Models, new { bundle = "two" }, cancellation);
            if ((int)answer.StatusCode is not (200 or 503))
            {
                tally.CountWrong($"the switch: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellation)}");
            }
        }
        catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
        {
            tally.CountNotAdmitted();
        }
        catch (HttpRequestException lost)
        {
            tally.CountWrong($"the switch: {lost.Message}");
        }
    }

    private static async Task IgnoreAsync(Task<HttpResponseMessage> answering) =>
        await ((Task)answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static async Task<StopResult> StopAsync(ServiceInstance service, StopTally tally, Task traffic, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        await service.SignalAsync();
        var code = await service.EndAsync(cancellation);
        var elapsed = Stopwatch.GetElapsedTime(started);
        await traffic;
        tally.Compare(service.LastLines(int.MaxValue).Count(line => line.Contains(RequestLine, StringComparison.Ordinal)));
        return new(code, elapsed, tally);
    }

    private async Task<StopResult> ReadyAsync(
        string name, string[] settings, Func<ServiceInstance, StopTally, Task> traffic, TimeSpan after, CancellationToken cancellation)
    {
        using var service = New(name, settings);
        await service.StartReadyAsync(cancellation);
        var tally = new StopTally();
        var running = traffic(service, tally);
        await Task.Delay(after, TimeProvider.System, cancellation);
        return await StopAsync(service, tally, running, cancellation);
    }

    private ServiceInstance New(string name, string[] settings) =>
        new(build, name, folder.Empty($"log-{name}"), [$"--Storage:Folder={folder.File($"data-{name}")}", .. settings]);

    private string TwoBundles()
    {
        var root = folder.File("bundles");
        foreach (var name in new[] { "one", "two" })
        {
            var copy = Directory.CreateDirectory(Path.Combine(root, name)).FullName;
            foreach (var file in Directory.GetFiles(bundle))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
            }
        }

        return root;
    }

    private TimeSpan MillisecondsUpTo(int most) => TimeSpan.FromMilliseconds(random.Next(most));
}

/// <summary>How a process ended after SIGTERM.</summary>
/// <param name="Elapsed">From the signal, or from the second one, to the end of the process.</param>
internal sealed record StopResult(int Code, TimeSpan Elapsed, StopTally Requests);
