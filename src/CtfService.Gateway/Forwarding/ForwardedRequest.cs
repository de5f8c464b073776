using CtfService.Gateway.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace CtfService.Gateway.Forwarding;

/// <summary>A request on its way to a replica: its body, the model it names, and whether it may be sent again.</summary>
internal sealed class ForwardedRequest
{
    /// <summary>Names the model of a request whose body the gateway does not read, such as a long upload.</summary>
    public const string ModelHeader = "X-Model";

    private const int FirstBufferBytes = 4 * 1_024;

    private ForwardedRequest(BodyStream body) => Body = body;

    public BodyStream Body { get; }

    /// <summary>Whether it announces a body, which may turn out to be empty.</summary>
    public bool HasBody { get; private init; }

    /// <summary>Null if the request goes to any replica.</summary>
    public string? Model { get; private init; }

    /// <summary>Number of images that it asks for; 1 for a request for something else.</summary>
    public int Images { get; private init; }

    /// <summary>
    /// Whether it may be sent again after a replica has begun to work on it: it only reads, it draws images, which has no effect but its answer, it cancels a
    /// job, or its key makes the replicas answer it once.
    /// </summary>
    public bool IsRepeatable { get; private init; }

    /// <summary>
    /// Whether the replica says that it wants the body before it gets it (<c>Expect: 100-continue</c>). A replica that closes the connection in the moment
    /// in which the request arrives, because it stops or because the connection was idle for long, has then received nothing that it could work on.
    /// </summary>
    public bool IsAnnounced => HasBody && !(IsRepeatable && Body.IsWhole);

    /// <summary>Reads at most <see cref="GatewayOptions.MaxBufferedBytes"/> of the body and replaces it by one that starts with them.</summary>
    /// <exception cref="BadHttpRequestException">The client sent a body that its headers do not announce.</exception>
    public static async Task<ForwardedRequest> ReadAsync(HttpContext context, GatewayOptions options)
    {
        var request = context.Request;
        var hasBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        var (beginning, isWhole) = hasBody
            ? await ReadBeginningAsync(request.Body, options.MaxBufferedBytes, context.RequestAborted)
            : (ReadOnlyMemory<byte>.Empty, true);
        var facts = await RequestFacts.ReadAsync(request.ContentType, beginning, isWhole);
        var body = new BodyStream(beginning, isWhole ? null : request.Body);
        request.Body = body;
        var model = facts.Model ?? OfPath(request.Path) ?? Header(request, ModelHeader) ?? (options.DefaultModel.Length > 0 ? options.DefaultModel : null);
        return new ForwardedRequest(body)
        {
            HasBody = hasBody,
            Model = model,
            Images = facts.Images,
            IsRepeatable = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
                || Header(request, "Idempotency-Key") is not null
                || (HttpMethods.IsPost(request.Method) && (DrawsImages(request.Path) || Cancels(request.Path))),
        };
    }

    private static bool DrawsImages(PathString path) => path.StartsWithSegments("/v1/images", StringComparison.OrdinalIgnoreCase);

    private static bool Cancels(PathString path) => path.Value!.EndsWith("/cancel", StringComparison.OrdinalIgnoreCase);

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
