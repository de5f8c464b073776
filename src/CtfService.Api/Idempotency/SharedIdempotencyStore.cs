using System.Collections.Concurrent;
using CtfService.Api.Errors;
using CtfService.Core.Models;
using CtfService.Jobs.State;
using CtfService.Jobs.Work;

namespace CtfService.Api.Idempotency;

/// <summary>
/// Stores responses in the database, for all processes. Of equal requests in this process, the first one asks the database and the others wait for it. It asks
/// again while another process is answering. A response is stored before it is sent.
/// </summary>
internal sealed class SharedIdempotencyStore(
    IResponseStore store, ResponseUpkeep upkeep, ResponseStoreWatch watch, IdempotencyOptions options, IHostApplicationLifetime host, TimeProvider clock)
    : IIdempotencyStore
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(400);

    private readonly ConcurrentDictionary<KeyedRequest, Running> _running = [];

    public async Task<IdempotencyClaim> ClaimAsync(KeyedRequest request, CancellationToken cancellation)
    {
        var own = new Running(Guid.NewGuid().ToString("N"));
        var first = _running.GetOrAdd(request, own);
        if (first != own)
        {
            return new IdempotencyClaim.Taken(first.Response);
        }

        try
        {
            var claim = await AskAsync(request, own.Owner, cancellation);
            if (claim is ResponseClaim.Owned)
            {
                upkeep.Hold(own.Owner);
                return new IdempotencyClaim.Free();
            }

            var response = claim is ResponseClaim.Answered answered ? StoredResponse.Of(answered.Response) : null;
            End(request, own, response);
            return response is null ? new IdempotencyClaim.OtherRequest() : new IdempotencyClaim.Taken(Task.FromResult<StoredResponse?>(response));
        }
        catch (Exception failure)
        {
            Fail(request, own, failure);
            throw;
        }
    }

    public async Task<StoredResponse?> CompleteAsync(KeyedRequest request, StoredResponse? response)
    {
        var own = _running[request];
        try
        {
            var earlier = response is { IsSuccess: true } && response.Bytes <= options.MaxBytes ? await StoreAsync(request, own.Owner, response)
                : await ReleaseAsync(request, own.Owner);
            End(request, own, earlier ?? (response is { IsSuccess: true } ? response : null));
            return earlier;
        }
        catch (Exception failure)
        {
            Fail(request, own, failure);
            throw;
        }
        finally
        {
            upkeep.Drop(own.Owner);
        }
    }

    /// <summary>Claims a request, or waits until another process has answered it. A client that hangs up ends the wait, but no claim that is made.</summary>
    private async Task<ResponseClaim> AskAsync(KeyedRequest request, string owner, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, host.ApplicationStopping);
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var claim = await watch.InTurnAsync(() => store.ClaimAsync(Repeatable(request), owner, ResponseUpkeep.Lease, CancellationToken.None));
            if (claim is not ResponseClaim.Running)
            {
                return claim;
            }

            await Task.Delay(pause, clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            if (stop.IsCancellationRequested)
            {
                throw new ModelNotReadyException("The service is stopping. Send the request again, with the same key.");
            }
        }
    }

    private async Task<StoredResponse?> StoreAsync(KeyedRequest request, string owner, StoredResponse response)
    {
        var stored = await watch.WatchAsync(
            store.CompleteAsync(Repeatable(request), owner, response.ToContent(), response.Bytes, options.Lifetime, CancellationToken.None));
        upkeep.Wrote(response.Bytes);
        return stored switch
        {
            ResponseClaim.Answered earlier => StoredResponse.Of(earlier.Response),
            ResponseClaim.OtherRequest => throw new RequestRefusedException(IdempotencyMiddleware.Reused),
            _ => null,
        };
    }

    /// <summary>A claim that cannot be ended now ends by itself.</summary>
    private async Task<StoredResponse?> ReleaseAsync(KeyedRequest request, string owner)
    {
        try
        {
            await watch.WatchAsync(store.ReleaseAsync(Repeatable(request), owner, CancellationToken.None));
        }
        catch (JobStoreUnavailableException)
        {
            // The watch has reported it.
        }

        return null;
    }

    private void End(KeyedRequest request, Running running, StoredResponse? response)
    {
        _running.TryRemove(request, out _);
        running.End(response);
    }

    /// <summary>Without a store, those who wait fail as well; they would find out one after the other. Any other failure is that of one request.</summary>
    private void Fail(KeyedRequest request, Running running, Exception failure)
    {
        _running.TryRemove(request, out _);
        if (failure is JobStoreUnavailableException)
        {
            running.Fail(failure);
        }
        else
        {
            running.End(response: null);
        }
    }

    private static RepeatableRequest Repeatable(KeyedRequest request) =>
        new(request.Key.Caller, request.Key.Key, request.Key.Group, request.Fingerprint);

    /// <summary>A request that this process works on, or waits for.</summary>
    /// <param name="owner">Name of its claim.</param>
    private sealed class Running(string owner)
    {
        private readonly TaskCompletionSource<StoredResponse?> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Owner => owner;

        public Task<StoredResponse?> Response => _response.Task;

        public void End(StoredResponse? response) => _response.SetResult(response);

        public void Fail(Exception failure)
        {
            _response.SetException(failure);
            _ = _response.Task.Exception; // observed, also if no request waits
        }
    }
}
