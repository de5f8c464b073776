using CtfService.Api.Batches.Requests;
using CtfService.Api.Batches.Results;
using CtfService.Api.Contracts;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches;

/// <summary>Describes a job as a batch, in the shape of OpenAI's.</summary>
internal static class BatchDescription
{
    public static BatchResponse Of(Job job)
    {
        var specification = BatchSpecification.Of(job);
        var result = BatchResult.Of(job);
        return new BatchResponse(
            job.Id,
            "batch",
            specification.Endpoint,
            Errors(job),
            specification.InputFileId,
            specification.CompletionWindow,
            JobStatuses.Name(job.State),
            result?.OutputFileId,
            result?.ErrorFileId,
            job.CreatedAt.ToUnixTimeSeconds(),
            Seconds(job.StartedAt),
            job.ExpiresAt.ToUnixTimeSeconds(),
            Seconds(job.FinalizingAt),
            CompletedAt: EndedAs(JobState.Completed, job),
            FailedAt: EndedAs(JobState.Failed, job),
            ExpiredAt: EndedAs(JobState.Expired, job),
            CancellingAt: Seconds(job.CancelRequestedAt),
            CancelledAt: EndedAs(JobState.Cancelled, job),
            new BatchRequestCounts(job.Total, job.Done, job.Failed),
            specification.Metadata,
            result?.Model,
            Usage(result));
    }

    public static BatchListResponse List(JobPage page)
    {
        BatchResponse[] batches = [.. page.Jobs.Select(Of)];
        return new BatchListResponse("list", batches, batches.FirstOrDefault()?.Id, batches.LastOrDefault()?.Id, page.HasMore);
    }

    private static BatchErrorList? Errors(Job job) => job.Errors.Count == 0
        ? null
        : new BatchErrorList("list", [.. job.Errors.Select(error => new BatchErrorEntry(error.Code, error.Message, error.Param, error.Line))]);

    private static BatchUsage? Usage(BatchResult? result) => result?.Model is null
        ? null
        : new BatchUsage(
            result.InputTokens, new BatchInputTokens(0), result.OutputTokens, new BatchOutputTokens(0), result.InputTokens + result.OutputTokens);

    private static long? EndedAs(JobState state, Job job) => job.State == state ? Seconds(job.EndedAt) : null;

    private static long? Seconds(DateTimeOffset? time) => time?.ToUnixTimeSeconds();
}
