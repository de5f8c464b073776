using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Datasets;

/// <summary>The real service with a storage that outlives its process.</summary>
internal sealed class DatasetService : IAsyncDisposable
{
    private const string Route = "/v1/datasets";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly TemporaryFolder _storage = new();
    private readonly int _port = FreePort();
    private ServiceProcess? _process;

    private HttpClient Client => _process!.Client;

    /// <summary>Starts the service and returns when it is ready.</summary>
    public async Task StartAsync() => _process = await ServiceProcess.StartAsync(_port, $"--Storage:Folder={_storage.Root}", "--Jobs:ShardImages=64");

    /// <summary>Ends the process at once, as kill -9 does.</summary>
    public void Kill()
    {
        _process?.Dispose();
        _process = null;
    }

    public async Task<string> CreateAsync(string json)
    {
        using var response = await Client.PostAsync(Route, new StringContent(json, System.Text.Encoding.UTF8, "application/json"));
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonDocument.Parse(body).RootElement.GetProperty("id").GetString()!;
    }

    public async Task<(string Status, int Completed)> FindAsync(string id)
    {
        var found = await Client.GetFromJsonAsync<JsonElement>($"{Route}/{id}");
        return (found.GetProperty("status").GetString()!, found.GetProperty("image_counts").GetProperty("completed").GetInt32());
    }

    /// <summary>Completes when a data set has more than so many images.</summary>
    public async Task PassedAsync(string id, int images)
    {
        while ((await FindAsync(id)).Completed <= images)
        {
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    /// <summary>Completes when a data set has been completed.</summary>
    public async Task CompletedAsync(string id)
    {
        string status;
        while ((status = (await FindAsync(id)).Status) is "validating" or "in_progress" or "finalizing")
        {
            await Task.Delay(Poll, TimeProvider.System);
        }

        Assert.Equal("completed", status);
    }

    /// <summary>Returns the files of a data set by name.</summary>
    public async Task<SortedDictionary<string, byte[]>> FilesAsync(string id)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var list = await Client.GetFromJsonAsync<JsonElement>($"{Route}/{id}/files");
        foreach (var file in list.GetProperty("data").EnumerateArray())
        {
            files.Add(file.GetProperty("name").GetString()!, await Client.GetByteArrayAsync(file.GetProperty("url").GetString()));
        }

        return files;
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        _storage.Dispose();
        return ValueTask.CompletedTask;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, port: 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
