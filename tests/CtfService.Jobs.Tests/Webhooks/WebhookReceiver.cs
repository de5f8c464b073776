using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CtfService.Jobs.Tests.Webhooks;

/// <summary>Receives webhooks in this process.</summary>
internal sealed class WebhookReceiver : IDisposable
{
    private readonly HttpListener _listener = new();

    public WebhookReceiver()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Prefixes.Add($"http://localhost:{Port}/");
        _listener.Start();
        _ = ServeAsync();
    }

    public int Port { get; }

    public string Address => $"http://127.0.0.1:{Port}/hook?token=secret";

    /// <summary>Status of the next responses, in order; 204 when there is none.</summary>
    public ConcurrentQueue<int> Statuses { get; } = [];

    public ConcurrentQueue<Delivery> Received { get; } = [];

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
                var headers = context.Request.Headers;
                var body = await reader.ReadToEndAsync();
                context.Response.StatusCode = Statuses.TryDequeue(out var status) ? status : 204;
                context.Response.RedirectLocation = status is >= 300 and < 400 ? $"http://127.0.0.1:{Port}/elsewhere" : null;
                context.Response.Close();
                Received.Enqueue(new Delivery(
                    context.Request.RawUrl!, headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, body));
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException)
            {
                return;
            }
        }
    }
}

internal sealed record Delivery(string Path, string Id, string Timestamp, string Signature, string Body);
