using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CtfService.Api.Batches;
using CtfService.Api.Batches.Requests;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Idempotency;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CtfService.Api.Endpoints;

/// <summary>Runs many requests as one job, in the shape of OpenAI's Batch API.</summary>
internal static class BatchEndpoints
{
    private const int DefaultPage = 20;

    private const int LargestPage = 100;

    public static void MapBatchEndpoints(this IEndpointRouteBuilder routes)
    {
        var batches = routes.MapGroup(BatchPaths.Group).WithTags("Batches").AddEndpointFilter<RouteGroupBuilder, RefusalFilter>();
        batches.MapPost("", Create)
            .WithName("CreateBatch")
            .WithSummary("Run the requests of a file")
            .WithDescription(
                "The file has one request a line, as at OpenAI. A batch with an invalid line does not run: its status becomes failed, and errors names lines "
                + "and fields. The batch survives restarts of the service; poll it, or name a webhook. Requests of callers who wait come first.")
            .WithIdempotency()
            .ProducesErrors(400, 408, 413, 415, 429, 500, 503);
        batches.MapGet("", List)
            .WithName("ListBatches")
            .WithSummary("List the batches of this key")
            .WithDescription("The newest first. For the next page, send last_id as after.")
            .ProducesErrors(400, 503);
        batches.MapGet("{id}", Get)
            .WithName("GetBatch")
            .WithSummary("Describe a batch")
            .WithDescription("Returns the status, the number of requests, and the files of a batch that has ended.")
            .ProducesErrors(404, 503);
        batches.MapPost("{id}/cancel", Cancel)
            .WithName("CancelBatch")
            .WithSummary("Stop a batch")
            .WithDescription("The batch is cancelling until the requests that run have stopped, then cancelled. Its output has what was finished by then.")
            .ProducesErrors(404, 503);
    }

    private static async Task<Ok<BatchResponse>> Create(
        CreateBatchRequest body, BatchCreation creation, IJobService jobs, KeyedJobs keyed, JobOwner owner, HttpContext http)
    {
        var (id, created) = await keyed.ChooseAsync(http, owner.Tenant, BatchSpecification.Kind, BatchIds.Prefix);
        return TypedResults.Ok(BatchDescription.Of(
            created ?? await jobs.CreateAsync(await creation.ReadAsync(id, body, owner, http.RequestAborted), http.RequestAborted)));
    }

    private static async Task<Ok<BatchListResponse>> List(
        IJobService jobs,
        JobOwner owner,
        CancellationToken cancellation,
        [Description("Id of the last batch of the previous page.")] string? after = null,
        [Description("Most batches to return; 20 if absent."), Range(1, LargestPage)] int? limit = null)
    {
        var problems = new RequestProblems();
        problems.RequireRange(limit, 1, LargestPage, "limit");
        problems.ThrowIfAny();
        return TypedResults.Ok(BatchDescription.List(
            await jobs.ListAsync(owner.Tenant, BatchSpecification.Kind, after, limit ?? DefaultPage, cancellation)));
    }

    private static async Task<Ok<BatchResponse>> Get(
        IJobService jobs, JobOwner owner, [Description("Id of the batch.")] string id, CancellationToken cancellation) =>
        TypedResults.Ok(BatchDescription.Of(
            await jobs.FindAsync(owner.Tenant, BatchSpecification.Kind, id, cancellation) ?? throw new RequestRefusedException(BatchErrors.NotFound(id))));

    private static async Task<Ok<BatchResponse>> Cancel(
        IJobService jobs, JobOwner owner, [Description("Id of the batch.")] string id, CancellationToken cancellation) =>
        TypedResults.Ok(BatchDescription.Of(
            await jobs.CancelAsync(owner.Tenant, BatchSpecification.Kind, id, cancellation) ?? throw new RequestRefusedException(BatchErrors.NotFound(id))));
}
