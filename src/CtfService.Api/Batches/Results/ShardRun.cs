using CtfService.Api.Batches.Requests;
using CtfService.Api.Errors;
using CtfService.Api.Responses;
using CtfService.Api.Security;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Inference.Queue;
using CtfService.Inference.Routing;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Results;

/// <summary>Runs the requests of a shard, several at a time, so that the rows of the model stay filled. Thread-safe.</summary>
internal sealed class ShardRun(
    BatchRoutes routes, IModelRouter router, ImageBodies bodies, ResultLines lines, JsonProblems jsonProblems, InferenceOptions inference, JobsOptions options)
{
    /// <summary>When to try again if the model needs an operator.</summary>
    private static readonly TimeSpan NotReadyDelay = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Most images of requests in flight. Twice the rows of a step: the results are written in order, and a request behind a slow one should not wait for it.
    /// </summary>
    private int Window => 2 * inference.MaxBatchRows;

    /// <summary>Returns the model of the batch.</summary>
    /// <exception cref="ShardPostponedException">This process has no model now, or another one.</exception>
    public ModelDescription RequireModel(PreparedBatch prepared)
    {
        using var lease = Lease();
        return lease.Model.BundleHash == prepared.BundleHash ? lease.Model : throw OtherModel(prepared, lease.Model);
    }

    /// <exception cref="ShardPostponedException">This process has no model now.</exception>
    public ModelLease Lease()
    {
        try
        {
            return router.Lease();
        }
        catch (ModelNotReadyException notReady)
        {
            throw Postponed(notReady);
        }
    }

    /// <summary>Runs all requests and writes their results in order.</summary>
    /// <param name="input">The lines of the input file, from the shard's first.</param>
    /// <exception cref="ShardPostponedException">The model is not loaded, or was replaced meanwhile.</exception>
    public async Task<PartSummary> RunAsync(Job job, Shard shard, PreparedBatch prepared, Stream input, Stream part, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var route = routes.Find(BatchSpecification.Of(job).Endpoint)
            ?? throw new InvalidOperationException($"This version has no route {BatchSpecification.Of(job).Endpoint} for batches.");
        var scope = new BatchScope(job.Tenant, RequireModel(prepared));
        var requests = new ShardRequests(job, shard, route, scope, input);
        var writer = new PartWriter(part);
        var running = new Queue<(int Images, Task<LineResult> Result)>();
        try
        {
            while (await requests.NextAsync(cancellation) is { } request)
            {
                while (running.Count > 0 && running.Sum(other => other.Images) + request.ImageCount > Window)
                {
                    await writer.WriteAsync(await running.Peek().Result, cancellation);
                    running.Dequeue();
                }

                running.Enqueue((request.ImageCount, RunAsync(job, shard, prepared, request, stop.Token)));
            }

            while (running.Count > 0)
            {
                await writer.WriteAsync(await running.Peek().Result, cancellation);
                running.Dequeue();
            }
        }
        catch (ModelNotReadyException notReady)
        {
            throw Postponed(notReady);
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(running.Select(other => other.Result))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // the first error counts
        }

        return await writer.CompleteAsync(cancellation);
    }

    private async Task<LineResult> RunAsync(Job job, Shard shard, PreparedBatch prepared, ShardRequest request, CancellationToken cancellation)
    {
        try
        {
            if (request.Refusal is { } refusal)
            {
                return lines.Refused(job, request.Line, request.CustomId, refusal);
            }

            using var lease = Lease();
            if (lease.Model.BundleHash != prepared.BundleHash)
            {
                throw OtherModel(prepared, lease.Model);
            }

            var validated = request.Validated!;
            var submission = validated.Submission with
            {
                Priority = ImagePriority.Bulk,
                Deadline = RequestDeadline.None,
                Flow = CallerFlow.OfJob(job.Tenant, job.Weight),
            };
            var results = await lease.GenerateAsync(submission, cancellation);
            return lines.Images(job, request.Line, request.CustomId, bodies.Images(validated, results, job.CreatedAt));
        }
        // Whatever made the step fail may be gone at the next attempt. After the last one, the other requests of the shard should not fail with this one.
        catch (Exception failed) when (failed is GenerationFailedException or NotFiniteException or OutOfDeviceMemoryException
            && shard.Attempts >= options.MaxAttempts)
        {
            return lines.Refused(job, request.Line, request.CustomId, ExceptionMapping.Map(failed, jsonProblems, requestType: null)!);
        }
    }

    private static ShardPostponedException OtherModel(PreparedBatch prepared, ModelDescription current) => new(
        $"The batch was validated for model '{prepared.Model}' ({prepared.BundleHash[..12]}); model '{current.Name}' ({current.BundleHash[..12]}) is loaded. "
        + "It goes on when its model is loaded again.",
        NotReadyDelay);

    private static ShardPostponedException Postponed(ModelNotReadyException notReady) =>
        new(notReady.Message, notReady.RetryAfter ?? NotReadyDelay, notReady);
}
