using CtfService.Api.Errors;
using CtfService.Api.Security;
using CtfService.Core.Models;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>
/// Checks every line of an input file and cuts the requests into shards. All or nothing: a batch with an invalid line does not run. Thread-safe.
/// </summary>
internal sealed class BatchPreparation(BatchRoutes routes, IFileStore files, IJobService jobs, JobsOptions options, CallerUsage usage)
{
    /// <summary>Room for the fields of a line other than the body, bytes.</summary>
    private const int EnvelopeBytes = 8 * 1_024;

    /// <summary>Copies the input file and validates it.</summary>
    /// <param name="model">The model that the requests are checked against and run on.</param>
    /// <exception cref="JobRefusedException">The file is gone or invalid; the exception has the first hundred problems.</exception>
    public async Task<PreparedBatch> PrepareAsync(Job job, ModelDescription model, CancellationToken cancellation)
    {
        var specification = BatchSpecification.Of(job);
        await CopyAsync(job, specification, cancellation);
        try
        {
            var prepared = await ValidateAsync(job, specification, model, cancellation);
            await RequireQuotaAsync(job, prepared, cancellation);
            await using var charge = await ChargeAsync(job, prepared);
            var published = await prepared.PublishAsync(files, job, cancellation);
            if (published == prepared)
            {
                charge.Delivered(prepared.Images); // otherwise another worker has charged for the batch
            }

            return published;
        }
        catch (JobRefusedException)
        {
            if (await PreparedBatch.FindAsync(files, job, CancellationToken.None) is null) // another worker may draw from them
            {
                await files.DeleteAsync(BatchFiles.Requests(job), CancellationToken.None);
            }

            throw;
        }
    }

    private async Task CopyAsync(Job job, BatchSpecification specification, CancellationToken cancellation)
    {
        if (await files.FindAsync(BatchFiles.Requests(job), cancellation) is not null)
        {
            return;
        }

        await using var input = await files.OpenAsync(specification.StoredName, offset: 0, length: null, cancellation) ?? throw Refused(
            "file_not_found",
            $"The file '{specification.InputFileId}' was deleted or has expired before the batch was validated. Upload it again and create a new batch.",
            "input_file_id");
        await files.PublishAsync(BatchFiles.Requests(job), (copy, cancel) => input.CopyToAsync(copy, cancel), cancellation);
    }

    private async Task<PreparedBatch> ValidateAsync(Job job, BatchSpecification specification, ModelDescription model, CancellationToken cancellation)
    {
        await using var input = await files.OpenAsync(BatchFiles.Requests(job), offset: 0, length: null, cancellation)
            ?? throw new FileStoreUnavailableException($"{BatchFiles.Requests(job)} has disappeared from the file store.");
        var route = routes.Find(specification.Endpoint) ?? throw Refused(
            "unsupported_value", $"The endpoint '{specification.Endpoint}' is not one that a batch can have.", "endpoint");
        var lines = new LineReader(input, route.MaxBodyBytes + EnvelopeBytes);
        var check = new BatchCheck(job, route, new BatchScope(job.Tenant, model), options);
        while (await lines.ReadAsync(cancellation) is { } line && await check.AddAsync(lines, line, cancellation))
        {
        }

        return check.Complete();
    }

    private async Task RequireQuotaAsync(Job job, PreparedBatch prepared, CancellationToken cancellation)
    {
        if (options.MaxUnfinishedImages == 0)
        {
            return;
        }

        var unfinished = await jobs.UnfinishedAsync(job.Tenant, cancellation);
        if (unfinished.Images + prepared.Images > options.MaxUnfinishedImages)
        {
            throw Refused(
                "image_limit_exceeded",
                $"The batch asks for {prepared.Images} images, and the unfinished jobs of this key for {unfinished.Images}; expected at most "
                + $"{options.MaxUnfinishedImages} together (Jobs:MaxUnfinishedImages). Wait until other jobs have finished, or send fewer requests.");
        }
    }

    private async Task<ImageCharge> ChargeAsync(Job job, PreparedBatch prepared)
    {
        try
        {
            return await usage.DrawAsync(job.Tenant, prepared.Images);
        }
        catch (RequestRefusedException refused)
        {
            throw Refused(refused.Error.Code!, refused.Error.Message);
        }
    }

    private static JobRefusedException Refused(string code, string message, string? param = null) => new([new JobError(code, message, Line: null, param)]);
}
