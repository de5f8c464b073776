using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.TestSupport;
using CtfService.TestSupport.Deployment;

namespace CtfService.EndToEnd.Tests.Monitoring;

/// <summary>The Prometheus of this machine with the configuration and rules of deploy/; scrapes a service and a gateway of the test every second.</summary>
internal sealed class PrometheusServer : IDisposable
{
    private static readonly string? Program = InstalledProgram.Find("prometheus");

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly Process _process;
    private readonly HttpClient _client;

    private PrometheusServer(Uri service, Uri gateway)
    {
        var address = $"127.0.0.1:{FreePort()}";
        var configuration = _folder.File("prometheus.yml");
        File.WriteAllText(configuration, Configuration(service, gateway, address).ToJsonString()); // JSON is YAML
        _client = new HttpClient { BaseAddress = new Uri($"http://{address}") };
        _process = Process.Start(new ProcessStartInfo(
            Program!,
            [
                $"--config.file={configuration}",
                $"--storage.tsdb.path={_folder.File("data")}",
                $"--web.listen-address={address}",
                "--enable-feature=exemplar-storage",
                "--log.level=error",
            ]))!;
    }

    /// <summary>How to install it; null if it is installed.</summary>
    public static string? Missing =>
        Program is null ? "Prometheus is not on the search path. Install it, on Debian with: apt-get install prometheus" : null;

    /// <summary>Returns when Prometheus accepts queries.</summary>
    public static async Task<PrometheusServer> Start(Uri service, Uri gateway)
    {
        Assert.True(Missing is null, Missing);
        var server = new PrometheusServer(service, gateway);
        using var timeout = new CancellationTokenSource(Timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await server.IsReady(timeout.Token))
        {
            await pause.WaitForNextTickAsync(timeout.Token);
        }

        return server;
    }

    /// <summary>The current value of every series of the expression.</summary>
    public async Task<IReadOnlyList<double>> Query(string expression)
    {
        using var response = await _client.GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}");
        var answer = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        Assert.True(response.IsSuccessStatusCode, $"{expression}: {answer}");
        var series = answer.GetProperty("data").GetProperty("result").EnumerateArray();
        return [.. series.Select(each => double.Parse(each.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture))];
    }

    public async Task<JsonElement> Get(string path) => JsonSerializer.Deserialize<JsonElement>(await _client.GetStringAsync(path)).GetProperty("data");

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private static JsonObject Configuration(Uri service, Uri gateway, string own)
    {
        var configuration = YamlFile.Read("deploy", "prometheus", "prometheus.yml").AsObject();
        configuration["global"] = new JsonObject { ["scrape_interval"] = "1s", ["evaluation_interval"] = "1s" };
        configuration["rule_files"] = new JsonArray(RepositoryFolder.File("deploy", "prometheus", "rules", "*.yml"));
        var targets = new Dictionary<string, string> { ["ctf-service"] = service.Authority, ["ctf-gateway"] = gateway.Authority, ["prometheus"] = own };
        var shipped = configuration["scrape_configs"]!.AsArray();
        var jobs = shipped.Where(job => targets.ContainsKey((string)job!["job_name"]!)).Select(job => job!.DeepClone()).ToList();
        jobs.ForEach(job => job["static_configs"] = new JsonArray(new JsonObject { ["targets"] = new JsonArray(targets[(string)job["job_name"]!]) }));
        jobs.ForEach(job => job.AsObject().Remove("dns_sd_configs")); // names of Compose; tests need no network
        configuration["scrape_configs"] = new JsonArray([.. jobs]);
        return configuration;
    }

    private async Task<bool> IsReady(CancellationToken cancellation)
    {
        Assert.False(_process.HasExited, "Prometheus has exited; its log is above.");
        try
        {
            using var response = await _client.GetAsync("/-/ready", cancellation);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Returns a free port; Prometheus cannot choose one itself.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, port: 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Skipped with the reason if Prometheus is missing, except in the gate.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PrometheusFactAttribute : FactAttribute
{
    public PrometheusFactAttribute() => Skip = InstalledProgram.IsRequired ? null : PrometheusServer.Missing;
}
