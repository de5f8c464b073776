using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using CtfService.Jobs.Work;
using Polly;
using Polly.Retry;

namespace CtfService.Jobs.Webhooks;

/// <summary>
/// Sends webhooks. It connects to public addresses only, unless the settings allow others: the address that a name means is checked at each connection.
/// Redirects are not followed and responses not read. Thread-safe.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    /// <summary>Time for one request.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http;
    private readonly JobsOptions _options;
    private readonly TimeProvider _clock;
    private readonly ResiliencePipeline<HttpStatusCode> _retries;

    public WebhookClient(JobsOptions options, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _http = new HttpClient(CreateHandler(), disposeHandler: true) { Timeout = RequestTimeout };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("CtfService");
        _retries = new ResiliencePipelineBuilder<HttpStatusCode> { TimeProvider = clock }.AddRetry(new RetryStrategyOptions<HttpStatusCode>
        {
            // A short interruption; longer ones are up to the durable attempts.
            ShouldHandle = new PredicateBuilder<HttpStatusCode>().HandleResult(status => (int)status >= 500).Handle<HttpRequestException>(IsOfConnection),
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromSeconds(1),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        }).Build();
    }

    /// <summary>Makes one attempt, of up to three requests within a minute.</summary>
    /// <returns>The status of the response.</returns>
    /// <exception cref="WebhookRefusedException">The address is not allowed.</exception>
    /// <exception cref="HttpRequestException">There was no response. Also a <see cref="TaskCanceledException"/> if it took too long.</exception>
    public async Task<HttpStatusCode> SendAsync(Job job, CancellationToken cancellation)
    {
        var body = WebhookEvent.BodyOf(job);
        return await _retries.ExecuteAsync(async stop => await PostAsync(job, body, stop).ConfigureAwait(false), cancellation).ConfigureAwait(false);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpStatusCode> PostAsync(Job job, byte[] body, CancellationToken cancellation)
    {
        var id = WebhookEvent.IdOf(job);
        var timestamp = _clock.GetUtcNow().ToUnixTimeSeconds();
        using var request = new HttpRequestMessage(HttpMethod.Post, job.Webhook) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Of(_options.WebhookSecret, id, timestamp, body));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        return response.StatusCode;
    }

    private static bool IsOfConnection(HttpRequestException error) => error.InnerException is not WebhookRefusedException;

    private SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false, // a redirect could name an address that the check refuses
        UseProxy = false, // a proxy would connect to addresses that this process cannot check
        UseCookies = false,
        ConnectCallback = ConnectAsync,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        MaxResponseDrainSize = 0,
        MaxResponseHeadersLength = 16, // KiB
        PooledConnectionLifetime = TimeSpan.FromMinutes(1),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
    };

    /// <summary>Connects to the addresses that were checked, never to the name again, which could then mean another machine.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var host = context.DnsEndPoint.Host;
        var found = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        var allowed = found.Where(address => _options.WebhooksToPrivateNetworks || !PrivateNetworks.Contain(address)).ToArray();
        if (allowed.Length == 0)
        {
            throw new WebhookRefusedException(
                $"'{host}' is an address of this machine or of a private network. Use a public address, or set Jobs:WebhooksToPrivateNetworks.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellation).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>The address of a webhook is not allowed.</summary>
internal sealed class WebhookRefusedException(string message) : Exception(message);
