using CtfService.Api.Errors;
using Microsoft.AspNetCore.Connections;

namespace CtfService.Api.Bodies;

/// <summary>
/// A request's body with a deadline: what does not come in time is refused, and a caller who goes is told apart from one who sends nonsense. Used by one
/// thread at a time.
/// </summary>
/// <param name="aborted">Cancelled when the connection ends.</param>
internal sealed class RequestBody(Stream inner, TimeSpan timeout, TimeProvider clock, CancellationToken aborted) : BodyStream
{
    private CancellationTokenSource? _deadline; // from the first read

    /// <exception cref="RequestRefusedException">408: it was not there in time.</exception>
    /// <exception cref="HangUpException">The caller is gone.</exception>
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
    /// Kestrel's word for a body that ends before its length is the status of any other bad request, so its text tells them apart; a test on sockets holds
    /// this.
    /// </summary>
    private bool IsHangUp(IOException error) =>
        aborted.IsCancellationRequested || error is ConnectionResetException
        || (error is BadHttpRequestException && error.Message.Contains("end of request content", StringComparison.Ordinal));
}

/// <summary>
/// The caller hung up while the request was read. An ended connection is not a problem of the body, so this is not an input/output error, which readers of
/// bodies would answer as one.
/// </summary>
internal sealed class HangUpException(Exception inner) : OperationCanceledException("The caller hung up.", inner);
