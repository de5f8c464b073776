using System.Buffers;
using CtfService.Api.Contracts;

namespace CtfService.Api.Telemetry;

/// <summary>
/// Gives each request the id that its response and its line in the log carry: the caller's <c>X-Request-Id</c>, or the server's own id if that header is
/// missing or not fit for a log.
/// </summary>
internal static class RequestIds
{
    public const int MaxLength = 128;

    /// <summary>The characters of UUIDs, ULIDs, base64 and call paths; none that a log or a shell interprets.</summary>
    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/+=~@");

    public static void UseRequestIds(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Request.Headers.TryGetValue(CustomHeaders.RequestId, out var sent) && sent is [{ } id] && IsFit(id))
        {
            context.TraceIdentifier = id;
        }

        return next(context);
    });

    internal static bool IsFit(string id) => id.Length is >= 1 and <= MaxLength && !id.AsSpan().ContainsAnyExcept(Allowed);
}
