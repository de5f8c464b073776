using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace CtfService.Deploy.Tests.Packages;

/// <summary>A local NuGet audit source with one advisory: severity 2 (high) for all versions of one package.</summary>
internal sealed class AdvisoryFeed : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly string _package;
    private readonly string _root;

    public AdvisoryFeed(string package)
    {
        _package = package;
        _root = $"http://127.0.0.1:{FreePort()}/";
        _listener.Prefixes.Add(_root);
        _listener.Start();
        _ = AnswerAsync();
    }

    /// <summary>The URL of the service index.</summary>
    public string Index => $"{_root}index.json";

    public void Dispose() => _listener.Close();

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task AnswerAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                var body = Encoding.UTF8.GetBytes(Document(context.Request.Url!.AbsolutePath).ToJsonString());
                context.Response.ContentType = "application/json";
                context.Response.Close(body, willBlock: true);
            }
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    /// <summary>Returns the documents of the resource VulnerabilityInfo/6.7.0, in the order of the requests.</summary>
    private JsonNode Document(string path) => path switch
    {
        "/index.json" => new JsonObject
        {
            ["version"] = "3.0.0",
            ["resources"] = new JsonArray(new JsonObject { ["@id"] = $"{_root}pages.json", ["@type"] = "VulnerabilityInfo/6.7.0" }),
        },
        "/pages.json" => new JsonArray(new JsonObject { ["@name"] = "base", ["@id"] = $"{_root}base.json", ["@updated"] = "2026-01-01T00:00:00Z" }),
        _ => new JsonObject
        {
            [_package] = new JsonArray(new JsonObject { ["url"] = "https://example.org/advisory", ["severity"] = 2, ["versions"] = "(, )" }),
        },
    };
}
