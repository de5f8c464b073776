using System.Globalization;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CtfService.Benchmarks;

/// <summary>
/// What telemetry costs: two services with the model that ships, one that says nothing and one that is traced, scraped and logged in full, under as many requests as
/// they take, in turn. Traces, metrics and logs are sent to a receiver in this process that throws them away, so that its work counts against telemetry too.
/// </summary>
internal static class TelemetryMeasurement
{
    /// <summary>More than the 8 guided images that run at once.</summary>
    private const int Callers = 12;

    private static readonly Uri Images = new("/v1/images/generations", UriKind.Relative);

    private static readonly TimeSpan Scrape = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(int rounds, TimeSpan each)
    {
        await using var receiver = await StartReceiver();
        using var silent = await ServiceProcess.StartAsync(
            5281, "--Telemetry:MetricsFor=nobody", "--Telemetry:Gpu=false", "--Logging:LogLevel:Default=None");
        using var watched = await ServiceProcess.StartAsync(
            5282, $"--Telemetry:OtlpEndpoint={receiver.Urls.Single()}", "--Telemetry:OtlpProtocol=http/protobuf", "--Telemetry:LogFormat=json");
        await Load(silent, each);
        await Load(watched, each);

        var ratios = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var isSilentFirst = round % 2 == 0;
            var first = isSilentFirst ? await Load(silent, each) : await Watched(watched, each);
            var second = isSilentFirst ? await Watched(watched, each) : await Load(silent, each);
            var (off, on) = isSilentFirst ? (first, second) : (second, first);
            ratios.Add(on / off);
            Write($"round {round + 1}: {off:0.0} images/s without, {on:0.0} with; ratio {on / off:0.000}");
        }

        ratios.Sort();
        Write($"median ratio {Median(ratios):0.000}; half of the rounds between {ratios[ratios.Count / 4]:0.000} and {ratios[ratios.Count * 3 / 4]:0.000}");
        return 0;
    }

    private static double Median(List<double> sorted) => (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>Load while somebody scrapes.</summary>
    private static async Task<double> Watched(ServiceProcess service, TimeSpan time)
    {
        using var done = new CancellationTokenSource();
        var scraping = ScrapeAsync(service, done.Token);
        var rate = await Load(service, time);
        await done.CancelAsync();
        await scraping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return rate;
    }

    private static async Task ScrapeAsync(ServiceProcess service, CancellationToken cancellation)
    {
        while (true)
        {
            using var response = await service.Client.GetAsync(new Uri("/metrics", UriKind.Relative), cancellation);
            await Task.Delay(Scrape, TimeProvider.System, cancellation);
        }
    }

    /// <summary>Images per second.</summary>
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
