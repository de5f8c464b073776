using System.Buffers;

namespace CtfService.Api.Http;

/// <summary>
/// Each request has an id that its answer and its line in the log carry: the caller's own <c>X-Request-Id</c>, or one made here where that is missing or unfit for a log.
/// </summary>
internal static class RequestIds
{
    public const int MaxLength = 128;

    /// <summary>What UUIDs, ULIDs, base64 and paths of calls are made of; nothing that a log or a shell takes for its own.</summary>
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
