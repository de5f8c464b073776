using System.Diagnostics;
using CtfService.Api.Batches.Requests;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Jobs.Store;
using CtfService.Jobs.Webhooks;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches;

/// <summary>Checks a request for a batch and turns it into a job. The lines of the file are checked later, by a worker. Thread-safe.</summary>
internal sealed class BatchCreation(BatchRoutes routes, IUploadCatalog catalog, JobQuota quota, JobsOptions options)
{
    private const string InputPurpose = "batch";

    /// <returns>The job, which cannot be created if the key has too many unfinished jobs or images.</returns>
    /// <exception cref="RequestRefusedException">The request is invalid.</exception>
    public async Task<NewJob> ReadAsync(string id, CreateBatchRequest asked, JobOwner owner, CancellationToken cancellation)
    {
        var problems = new RequestProblems();
        var endpoint = ChooseEndpoint(asked.Endpoint, problems);
        var lifetime = WindowChoice.Choose(asked.CompletionWindow, options.Lifetime, problems);
        BatchFields.CheckMetadata(asked.Metadata, problems);
        BatchFields.CheckExpiry(asked.OutputExpiresAfter, problems);
        CheckWebhook(asked.Webhook, problems);
        var input = await FindInputAsync(asked.InputFileId, owner.Tenant, problems, cancellation);
        problems.ThrowIfAny();
        var specification = new BatchSpecification(
            input!.Id, input.StoredName, endpoint!, asked.CompletionWindow!, asked.Metadata, asked.OutputExpiresAfter?.Seconds);
        return new NewJob(id, BatchSpecification.Kind, owner.Tenant, owner.Weight, specification.ToJson(), lifetime)
        {
            Webhook = asked.Webhook,
            TraceParent = Activity.Current?.Id,
            Admit = RequireRoom,
        };
    }

    private string? ChooseEndpoint(string? asked, RequestProblems problems)
    {
        var known = string.Join(", ", routes.Paths.Select(path => $"'{path}'"));
        if (asked is null)
        {
            problems.Add("endpoint", "required", $"endpoint is missing; expected one of {known}.");
        }
        else if (routes.Find(asked) is null)
        {
            problems.Add("endpoint", "unsupported_value", $"endpoint '{asked}' is not supported; expected one of {known}.");
        }

        return asked;
    }

    private void CheckWebhook(string? asked, RequestProblems problems)
    {
        if (asked is not null && WebhookAddressCheck.Problem(asked, options) is { } problem)
        {
            problems.Add("webhook", "unsupported_value", problem);
        }
    }

    private async Task<UploadedFile?> FindInputAsync(string? id, string tenant, RequestProblems problems, CancellationToken cancellation)
    {
        if (id is null)
        {
            problems.Add("input_file_id", "required", "input_file_id is missing; expected the id of a file that POST /v1/files returned.");
            return null;
        }

        var found = await catalog.FindAsync(tenant, id, cancellation);
        if (found is null)
        {
            problems.Add(
                "input_file_id", "file_not_found", $"The file '{id}' does not exist, has expired or belongs to another key. Upload it with POST /v1/files.");
        }
        else if (found.Purpose != InputPurpose)
        {
            problems.Add(
                "input_file_id", "unsupported_value", $"The file '{id}' has the purpose '{found.Purpose}'; expected a file uploaded with the purpose 'batch'.");
        }

        return found;
    }

    private void RequireRoom(UnfinishedWork unfinished)
    {
        quota.RequireRoom(unfinished);
        if (options.MaxUnfinishedImages > 0 && unfinished.Images >= options.MaxUnfinishedImages)
        {
            throw new RequestRefusedException(BatchErrors.TooManyImages(unfinished.Images, options.MaxUnfinishedImages));
        }
    }
}
