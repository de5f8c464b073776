using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CtfService.EndToEnd.Tests.Telemetry;

/// <summary>A collector for tests: receives OTLP over HTTP in protobuf and stores it.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ProtoMessage> _traces = new();
    private readonly ConcurrentQueue<ProtoMessage> _metrics = new();
    private readonly ConcurrentQueue<ProtoMessage> _logs = new();

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        Accept("/v1/traces", _traces);
        Accept("/v1/metrics", _metrics);
        Accept("/v1/logs", _logs);
    }

    public string Address => _app.Urls.Single();

    public IReadOnlyList<OtlpSpan> Spans => [.. _traces.SelectMany(message => message.Messages(1).SelectMany(OtlpSpan.Of))];

    /// <summary>Data points of a histogram from every export so far, the latest last.</summary>
    public IReadOnlyList<ProtoMessage> HistogramPoints(string metric) =>
        [.. _metrics.SelectMany(message => message.Messages(1, 2, 2)).Where(found => found.Text(1) == metric).SelectMany(found => found.Messages(9, 1))];

    /// <summary>All log records received so far.</summary>
    public IReadOnlyList<ProtoMessage> LogRecords => [.. _logs.SelectMany(message => message.Messages(1, 2, 2))];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Accept(string path, ConcurrentQueue<ProtoMessage> kept) => _app.MapPost(path, async (HttpContext http) =>
    {
        kept.Enqueue(ProtoMessage.Parse(await ByteString.FromStreamAsync(http.Request.Body)));
        http.Response.ContentType = "application/x-protobuf"; // an empty message: everything was accepted
    });
}

/// <summary>A received span.</summary>
internal sealed record OtlpSpan(
    string TraceId,
    string SpanId,
    string ParentId,
    string Name,
    ulong Start,
    ulong End,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Links,
    string Service)
{
    /// <summary>True for the web server's own span of a request.</summary>
    public bool IsRequest => Name.StartsWith("POST", StringComparison.Ordinal);

    public TimeSpan Duration => TimeSpan.FromTicks((long)(End - Start) / 100);

    /// <param name="resource">ResourceSpans.</param>
    public static IEnumerable<OtlpSpan> Of(ProtoMessage resource)
    {
        var service = resource.Messages(1).Single().Attributes(1)["service.name"];
        return resource.Messages(2, 2).Select(span => new OtlpSpan(
            span.Hex(1),
            span.Hex(2),
            span.Hex(4),
            span.Text(5),
            span.Number(7),
            span.Number(8),
            span.Attributes(9),
            [.. span.Messages(13).Select(link => link.Hex(2))],
            service));
    }
}
