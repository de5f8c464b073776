using CtfService.Gateway.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace CtfService.Gateway.Forwarding;

/// <summary>A request on its way to a replica: its body, the model it names, and whether it may be sent again.</summary>
internal sealed class ForwardedRequest
{
    /// <summary>Names the model of a request whose body the gateway does not read, such as a long upload.</summary>
    public const string ModelHeader = "X-Model";

    private const int FirstBufferBytes = 4 * 1_024;

    private ForwardedRequest(BodyStream body, string? model, bool isRepeatable) => (Body, Model, IsRepeatable) = (body, model, isRepeatable);

    public BodyStream Body { get; }

    /// <summary>Null if the request goes to any replica.</summary>
    public string? Model { get; }

    /// <summary>
    /// Whether it has the same effect if two replicas work on it: it only reads, its key makes the replicas answer it once, or its seed decides the images.
    /// </summary>
    public bool IsRepeatable { get; }

    /// <summary>Reads at most <see cref="GatewayOptions.MaxBufferedBytes"/> of the body and replaces it by one that starts with them.</summary>
    /// <exception cref="BadHttpRequestException">The client sent a body that its headers do not announce.</exception>
    public static async Task<ForwardedRequest> ReadAsync(HttpContext context, GatewayOptions options)
    {
        var request = context.Request;
        var (beginning, isWhole) = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true
            ? await ReadBeginningAsync(request.Body, options.MaxBufferedBytes, context.RequestAborted)
            : (ReadOnlyMemory<byte>.Empty, true);
        var facts = await RequestFacts.ReadAsync(request.ContentType, beginning, isWhole);
        var body = new BodyStream(beginning, isWhole ? null : request.Body);
        request.Body = body;
        var model = facts.Model ?? OfPath(request.Path) ?? Header(request, ModelHeader) ?? (options.DefaultModel.Length > 0 ? options.DefaultModel : null);
        var isRepeatable = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
            || Header(request, "Idempotency-Key") is not null
            || (facts.HasSeed && HttpMethods.IsPost(request.Method) && request.Path.StartsWithSegments("/v1/images", StringComparison.OrdinalIgnoreCase));
        return new ForwardedRequest(body, model, isRepeatable);
    }

    /// <summary>The buffer grows with what arrives, so that a client that announces much and sends little takes little memory.</summary>
    private static async Task<(ReadOnlyMemory<byte> Beginning, bool IsWhole)> ReadBeginningAsync(Stream body, int limit, CancellationToken cancellation)
    {
        var (buffer, length) = (new byte[Math.Min(limit, FirstBufferBytes)], 0);
        while (length < limit)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, Math.Min(limit, 2 * length));
            }

            var count = await body.ReadAsync(buffer.AsMemory(length), cancellation);
            if (count == 0)
            {
                return (buffer.AsMemory(0, length), true);
            }

            length += count;
        }

        return (buffer.AsMemory(0, length), false);
    }

    private static string? OfPath(PathString path) =>
        path.StartsWithSegments("/v1/models", StringComparison.OrdinalIgnoreCase, out var rest) && rest.Value is { Length: > 1 } name ? name[1..] : null;

    private static string? Header(HttpRequest request, string name) => request.Headers[name] is [{ Length: > 0 } value] ? value : null;
}
