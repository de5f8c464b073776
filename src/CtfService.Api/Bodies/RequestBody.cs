using CtfService.Api.Errors;
using Microsoft.AspNetCore.Connections;

namespace CtfService.Api.Bodies;

/// <summary>
/// The body of a request with a deadline. Late bodies are refused, and a client that hangs up is distinguished from one that sends an invalid body. Not
/// thread-safe.
/// </summary>
/// <param name="aborted">Cancelled when the connection ends.</param>
internal sealed class RequestBody(Stream inner, TimeSpan timeout, TimeProvider clock, CancellationToken aborted) : BodyStream
{
    private CancellationTokenSource? _deadline; // from the first read

    /// <exception cref="RequestRefusedException">408: the body did not arrive in time.</exception>
    /// <exception cref="HangUpException">The client hung up.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _deadline ??= new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancellationToken);
        try
        {
            return await inner.ReadAsync(buffer, either.Token);
        }
        catch (OperationCanceledException) when (_deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RequestRefusedException(StatusErrors.BodyTimeout(timeout));
        }
        catch (IOException error) when (IsHangUp(error))
        {
            throw new HangUpException(error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        _deadline?.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>
    /// Kestrel reports a body that ends before its length with the status of any other bad request, so the message text distinguishes them; a socket test
    /// covers this.
    /// </summary>
    private bool IsHangUp(IOException error) =>
        aborted.IsCancellationRequested || error is ConnectionResetException
        || (error is BadHttpRequestException && error.Message.Contains("end of request content", StringComparison.Ordinal));
}

/// <summary>The client hung up while the request was read. Not an I/O error, because body readers would report that as a problem of the body.</summary>
internal sealed class HangUpException(Exception inner) : OperationCanceledException("The caller hung up.", inner);
