using System.Net;
using System.Net.Sockets;
using CtfService.TestSupport;

namespace CtfService.EndToEnd.Tests.Batches;

/// <summary>The service as its own process with the shipped model, an API key and an empty storage.</summary>
public sealed class BatchService : IAsyncLifetime, IDisposable
{
    public const string Key = "ctf_key-of-the-batch-tests";

    private const string KeyHash = "b1524b947680a0053b7eb24443d7fb75deeef59529fe1dc46a1064626fca21c5";

    private readonly TemporaryFolder _storage = new();
    private ServiceProcess _process = null!;

    public Uri Address => new(_process.Client.BaseAddress!, "/v1");

    public async Task InitializeAsync() => _process = await ServiceProcess.StartAsync(
        FreePort(),
        $"--Storage:Folder={_storage.Root}",
        "--Jobs:ShardImages=16",
        "--Security:ApiKeys:0:Name=studio",
        $"--Security:ApiKeys:0:Sha256={KeyHash}");

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _process.Dispose();
        _storage.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, port: 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
