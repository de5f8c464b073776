using CtfService.Api.Bodies;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Datasets;

/// <summary>
/// Sends the state of a data set as server-sent events: now, after each change, and at the end. A client that connects again gets the state first, so nothing
/// is missed and no position has to be remembered. Thread-safe.
/// </summary>
internal sealed class DatasetEvents(
    IJobService jobs, DatasetDescriber describer, ErrorDescriber errors, IHostApplicationLifetime host, TimeProvider clock, IOptions<JsonOptions> json)
{
    /// <summary>Time without a change after which a comment is sent: proxies close connections that are silent for a minute or half of one.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <exception cref="RequestRefusedException">There is no such data set.</exception>
    public async Task<IResult> SendAsync(JobOwner owner, string id, HttpContext http)
    {
        var stream = new EventStream(http, json.Value.SerializerOptions);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        try
        {
            await SendAsync(stream, jobs.WatchAsync(owner.Tenant, DatasetSpecification.Kind, id, end.Token), id, http, end);
        }
        catch (OperationCanceledException) when (host.ApplicationStopping.IsCancellationRequested)
        {
            // Without [DONE], clients connect again; by then another process may serve.
        }
        catch (Exception error) when (http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            var described = errors.Describe(http, error);
            ErrorWriter.Report(http, described);
            await stream.SendAsync(EventStream.Error, described.ToResponse());
        }

        return TypedResults.Empty;
    }

    private async Task SendAsync(EventStream stream, IAsyncEnumerable<Job> changes, string id, HttpContext http, CancellationTokenSource end)
    {
        var states = changes.GetAsyncEnumerator(end.Token);
        var next = states.MoveNextAsync().AsTask();
        try
        {
            if (!await next)
            {
                throw new RequestRefusedException(UserDatasets.NotFound(id));
            }

            do
            {
                await stream.SendAsync(DatasetUpdatedEvent.Name, describer.Describe(states.Current));
                if (HeadRequests.IsHead(http))
                {
                    return;
                }

                next = states.MoveNextAsync().AsTask();
                await KeepOpenUntilAsync(next, stream, end.Token);
            }
            while (await next);

            await stream.EndAsync();
        }
        finally
        {
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // an enumerator that is in use cannot be disposed
            await states.DisposeAsync();
        }
    }

    private async Task KeepOpenUntilAsync(Task next, EventStream stream, CancellationToken cancellation)
    {
        while (await Task.WhenAny(next, Task.Delay(Heartbeat, clock, cancellation)) != next)
        {
            cancellation.ThrowIfCancellationRequested();
            await stream.KeepOpenAsync();
        }
    }
}
