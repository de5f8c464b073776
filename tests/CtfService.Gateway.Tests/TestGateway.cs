using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace CtfService.Gateway.Tests;

/// <summary>The gateway on a real socket, in front of replicas.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;

    private TestGateway(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = Patience };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts the gateway and returns when it knows all replicas as ready.</summary>
    public static async Task<TestGateway> StartAsync(params FakeReplica[] replicas)
    {
        var gateway = await StartAsync([.. replicas.Select(replica => replica.Address)], []);
        await gateway.ReadyAsync(replicas.Length);
        return gateway;
    }

    /// <param name="settings">Settings such as <c>Attempts=1</c> of the section Gateway.</param>
    public static async Task<TestGateway> StartAsync(IReadOnlyList<string> addresses, params string[] settings)
    {
        string[] args =
        [
            "--Urls=http://127.0.0.1:0",
            "--Gateway:HealthInterval=00:00:00.0500000",
            .. addresses.Index().Select(each => $"--Gateway:Replicas:{each.Index}={each.Item}"),
            .. settings.Select(setting => $"--Gateway:{setting}"),
        ];
        var app = GatewayHost.Build(args, builder => builder.Logging.ClearProviders());
        await app.StartAsync();
        return new TestGateway(app);
    }

    /// <summary>Waits until so many replicas are in rotation.</summary>
    public async Task ReadyAsync(int replicas)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (await ReadyReplicas() != replicas)
        {
            await pause.WaitForNextTickAsync(limit.Token);
        }
    }

    public async Task<int> ReadyReplicas()
    {
        using var response = await Client.GetAsync("/health/ready");
        return JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()).GetProperty("replicas_ready").GetInt32();
    }

    public Task<HttpResponseMessage> Post(string json, string path = "/v1/images/generations", params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task<string> PostText(string json, string path = "/v1/images/generations")
    {
        using var response = await Post(json, path);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The value of a metric in Prometheus's format, summed over the lines that contain all of the texts.</summary>
    public async Task<double> Metric(string name, params string[] texts)
    {
        var lines = (await Client.GetStringAsync("/metrics")).Split('\n');
        return lines.Where(line => line.StartsWith(name, StringComparison.Ordinal) && texts.All(text => line.Contains(text, StringComparison.Ordinal)))
            .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
    }

    public static async Task<string> ErrorCode(HttpResponseMessage response)
    {
        var error = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()).GetProperty("error");
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        return error.GetProperty("code").GetString()!;
    }

    /// <summary>Stops as after SIGTERM.</summary>
    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}
