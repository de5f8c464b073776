using System.Net;

namespace CtfService.LoadGenerator.Sending;

/// <summary>When a caller hangs up.</summary>
/// <param name="After">Time since the request was sent.</param>
/// <param name="InBody">Whether only half of the body is sent before.</param>
public sealed record HangUp(TimeSpan After, bool InBody)
{
    /// <summary>A quarter of the callers leave within their body.</summary>
    private const double ShareInBody = 0.25;

    /// <param name="within">Callers hang up at a random moment until then.</param>
    public static HangUp Next(Random random, TimeSpan within) => new(within * random.NextDouble(), random.NextDouble() < ShareInBody);
}

/// <summary>A body of which half is sent, and then nothing until the request is cancelled.</summary>
internal sealed class HalfSentContent(ReadOnlyMemory<byte> body) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellation)
    {
        await stream.WriteAsync(body[..(body.Length / 2)], cancellation);
        await stream.FlushAsync(cancellation);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
