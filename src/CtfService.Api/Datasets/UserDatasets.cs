using System.Diagnostics;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Responses;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Datasets;

/// <summary>The data sets of an owner: those of others do not exist for it. Thread-safe.</summary>
internal sealed class UserDatasets(
    IJobService jobs, JobQuota quota, JobsOptions options, DatasetDescriber describer, DatasetFileList list, IFileStore files, CallerUsage usage)
{
    /// <summary>Prefix of the id of a data set.</summary>
    public const string Prefix = "dset_";

    /// <summary>Longer than the name of any file, and not too long for the store.</summary>
    private const int MaxNameLength = 200;

    /// <exception cref="RequestRefusedException">The owner has too many unfinished jobs or images, or too few images left.</exception>
    public async Task<DatasetResponse> CreateAsync(string id, ValidatedDataset asked, JobOwner owner, CancellationToken cancellation)
    {
        var specification = DatasetSpecification.Of(asked.Plan, asked.Model, asked.Metadata).ToJson();
        var job = new NewJob(id, DatasetSpecification.Kind, owner.Tenant, owner.Weight, specification, asked.Lifetime)
        {
            Images = asked.Plan.Total,
            Webhook = asked.Webhook,
            TraceParent = Activity.Current?.Id,
            Admit = unfinished => RequireRoom(unfinished, asked.Plan.Total),
        };
        await using var charge = await usage.DrawAsync(owner.Tenant, asked.Plan.Total);
        var created = await jobs.CreateAsync(job, cancellation);
        charge.Delivered(asked.Plan.Total);
        return describer.Describe(created);
    }

    public async Task<DatasetListResponse> ListAsync(JobOwner owner, string? after, int limit, CancellationToken cancellation)
    {
        var page = await jobs.ListAsync(owner.Tenant, DatasetSpecification.Kind, after, limit, cancellation);
        List<string> ids = [.. page.Jobs.Select(job => job.Id)];
        List<DatasetResponse> found = [.. page.Jobs.Select(describer.TryDescribe).OfType<DatasetResponse>()];
        return new DatasetListResponse("list", found, ids.FirstOrDefault(), ids.LastOrDefault(), page.HasMore);
    }

    /// <exception cref="RequestRefusedException">There is none.</exception>
    public async Task<DatasetResponse> FindAsync(JobOwner owner, string id, CancellationToken cancellation) =>
        describer.Describe(await RequireAsync(owner, id, cancellation));

    /// <exception cref="RequestRefusedException">There is none.</exception>
    public async Task<DatasetResponse> CancelAsync(JobOwner owner, string id, CancellationToken cancellation) =>
        describer.Describe(await jobs.CancelAsync(owner.Tenant, DatasetSpecification.Kind, id, cancellation)
            ?? throw new RequestRefusedException(NotFound(id)));

    /// <summary>Deletes a data set that has ended, the files first, so that it remains until nothing is left of them.</summary>
    /// <exception cref="RequestRefusedException">There is none, or it has not ended.</exception>
    public async Task<DatasetDeletionResponse> DeleteAsync(JobOwner owner, string id, CancellationToken cancellation)
    {
        var job = await RequireAsync(owner, id, cancellation);
        if (!job.State.IsEnded())
        {
            throw new RequestRefusedException(NotEnded(id, job.State));
        }

        await list.DeleteAsync(new DatasetFolder(id), cancellation);
        await jobs.DeleteAsync(owner.Tenant, DatasetSpecification.Kind, id, cancellation);
        return new DatasetDeletionResponse(id, "dataset.deleted", Deleted: true);
    }

    /// <summary>Returns all files of a data set that has ended, and the finished ones of one that runs.</summary>
    /// <exception cref="RequestRefusedException">There is no such data set.</exception>
    public async Task<DatasetFileListResponse> FilesAsync(JobOwner owner, string id, CancellationToken cancellation)
    {
        var job = await RequireAsync(owner, id, cancellation);
        var found = DatasetResult.Of(job)?.Files ?? await list.ListAsync(new DatasetFolder(id), cancellation);
        return new DatasetFileListResponse("list", [.. found.Select(file => DatasetDescriber.Describe(id, file))]);
    }

    /// <exception cref="RequestRefusedException">There is no such data set or file.</exception>
    public async Task<IResult> DownloadAsync(JobOwner owner, string id, string name, CancellationToken cancellation)
    {
        await RequireAsync(owner, id, cancellation);
        var result = name.Length <= MaxNameLength
            && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            && char.IsAsciiLetterOrDigit(name[0])
            ? await StoredFileResult.FindAsync(files, new DatasetFolder(id).Result(name), name, cancellation)
            : null;
        return result ?? throw new RequestRefusedException(FileNotFound(id, name));
    }

    /// <exception cref="RequestRefusedException">There is none.</exception>
    public async Task<Job> RequireAsync(JobOwner owner, string id, CancellationToken cancellation) =>
        await jobs.FindAsync(owner.Tenant, DatasetSpecification.Kind, id, cancellation) ?? throw new RequestRefusedException(NotFound(id));

    internal static ApiError NotFound(string id) => new(
        StatusCodes.Status404NotFound,
        $"No data set '{id}'. It was deleted, its retention is over, or it belongs to another key. GET /v1/datasets lists those of this key.",
        "dataset_not_found",
        "id");

    internal static ApiError FileNotFound(string id, string name) => new(
        StatusCodes.Status404NotFound,
        $"Data set '{id}' has no file '{name}' (yet). GET /v1/datasets/{id}/files lists its files.",
        "file_not_found",
        "name");

    internal static ApiError NotEnded(string id, JobState state) => new(
        StatusCodes.Status409Conflict,
        $"Data set '{id}' is {JobStatuses.Name(state)}; expected one that has ended. Cancel it first, and wait until its status is cancelled.",
        "dataset_not_ended",
        "id");

    internal static ApiError QuotaExceeded(long unfinished, long asked, long most) => new(
        StatusCodes.Status429TooManyRequests,
        $"The unfinished jobs of this key ask for {unfinished} images and this request for {asked}; expected at most {most} together "
        + "(Jobs:MaxUnfinishedImages). Wait until a job has finished, or cancel one.",
        "image_quota_exceeded")
    {
        RetryAfter = TimeSpan.FromMinutes(1),
    };

    private void RequireRoom(UnfinishedWork unfinished, long asked)
    {
        quota.RequireRoom(unfinished);
        if (options.MaxUnfinishedImages > 0 && unfinished.Images + asked > options.MaxUnfinishedImages)
        {
            throw new RequestRefusedException(QuotaExceeded(unfinished.Images, asked, options.MaxUnfinishedImages));
        }
    }
}
