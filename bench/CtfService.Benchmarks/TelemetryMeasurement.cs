using System.Globalization;
using System.Net.Http.Json;
using CtfService.TestSupport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CtfService.Benchmarks;

/// <summary>
/// Measures the cost of telemetry: two services with the shipped model, one without telemetry and one with traces, metrics and logs in full, are saturated with
/// requests in turn. A receiver in this process discards the traces, metrics and logs, so that its work counts as a cost of telemetry too.
/// </summary>
internal static class TelemetryMeasurement
{
    /// <summary>Concurrent requests: more than the 8 guided images that run at once.</summary>
    private const int Callers = 12;

    private static readonly Uri Images = new("/v1/images/generations", UriKind.Relative);

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Scrape = TimeSpan.FromSeconds(5);

    private static readonly string[] Silent = ["--Telemetry:MetricsFor=nobody", "--Telemetry:Gpu=false", "--Logging:LogLevel:Default=None"];

    /// <param name="sets">Number of pairs of processes: the placement of memory and threads in a process changes its speed.</param>
    /// <param name="rounds">Rounds of each pair.</param>
    /// <param name="each">Time of each service in a round.</param>
    /// <param name="isControl">True to run both without telemetry, which shows the noise of the measurement.</param>
    public static async Task<int> RunAsync(int sets, int rounds, TimeSpan each, bool isControl)
    {
        await using var receiver = await StartReceiver();
        string[] watchedSettings = isControl
            ? Silent
            : [$"--Telemetry:OtlpEndpoint={receiver.Urls.Single()}", "--Telemetry:OtlpProtocol=http/protobuf", "--Telemetry:LogFormat=json"];
        var ratios = new List<double>();
        for (var set = 0; set < sets; set++)
        {
            using var silent = await ServiceProcess.StartAsync(5281, Silent);
            using var watched = await ServiceProcess.StartAsync(5282, watchedSettings);
            var ofSet = await MeasureAsync(silent, watched, rounds, each, isScraped: !isControl);
            Write($"set {set + 1}: ratios {string.Join(' ', ofSet.Select(ratio => ratio.ToString("0.000", CultureInfo.InvariantCulture)))}");
            ratios.AddRange(ofSet);
        }

        ratios.Sort();
        Write($"median ratio {Median(ratios):0.000}; half of the rounds between {ratios[ratios.Count / 4]:0.000} and {ratios[ratios.Count * 3 / 4]:0.000}");
        return 0;
    }

    /// <summary>Returns the throughput with telemetry over that without, for each round.</summary>
    private static async Task<IReadOnlyList<double>> MeasureAsync(ServiceProcess silent, ServiceProcess watched, int rounds, TimeSpan each, bool isScraped)
    {
        using var done = new CancellationTokenSource();
        var scraping = isScraped ? ScrapeAsync(watched, done.Token) : Task.CompletedTask;
        await Load(silent, WarmUp);
        await Load(watched, WarmUp);
        var ratios = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var isSilentFirst = round % 2 == 0;
            var first = await Load(isSilentFirst ? silent : watched, each);
            var second = await Load(isSilentFirst ? watched : silent, each);
            ratios.Add(isSilentFirst ? second / first : first / second);
        }

        await done.CancelAsync();
        await scraping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ratios;
    }

    private static double Median(List<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static async Task ScrapeAsync(ServiceProcess service, CancellationToken cancellation)
    {
        while (true)
        {
            using var response = await service.Client.GetAsync(new Uri("/metrics", UriKind.Relative), cancellation);
            await Task.Delay(Scrape, TimeProvider.System, cancellation);
        }
    }

    /// <summary>Sends requests for a while and returns the images per second.</summary>
    private static async Task<double> Load(ServiceProcess service, TimeSpan time)
    {
        var started = TimeProvider.System.GetTimestamp();
        var images = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            var made = 0;
            for (; TimeProvider.System.GetElapsedTime(started) < time; made++)
            {
                using var response = await service.Client.PostAsJsonAsync(Images, new { class_label = caller, seed = made });
                response.EnsureSuccessStatusCode();
                await response.Content.CopyToAsync(Stream.Null);
            }

            return made;
        }));
        return images.Sum() / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<WebApplication> StartReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = builder.Build();
        receiver.MapPost("/{*path}", (HttpRequest request) => request.Body.CopyToAsync(Stream.Null));
        await receiver.StartAsync();
        return receiver;
    }
}
