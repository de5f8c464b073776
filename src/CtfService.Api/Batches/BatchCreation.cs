using System.Diagnostics;
using System.Globalization;
using CtfService.Api.Batches.Requests;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Security;
using CtfService.Api.Validation;
using CtfService.Jobs.Store;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches;

/// <summary>Checks a request for a batch and turns it into a job. The lines of the file are checked later, by a worker. Thread-safe.</summary>
internal sealed class BatchCreation(BatchRoutes routes, IUploadCatalog catalog, IJobService jobs, JobsOptions options)
{
    /// <summary>Window that OpenAI's clients send.</summary>
    private const string Day = "24h";

    private const string InputPurpose = "batch";

    /// <exception cref="RequestRefusedException">The request is invalid, or the key has too many unfinished images.</exception>
    public async Task<NewJob> ReadAsync(CreateBatchRequest asked, JobOwner owner, CancellationToken cancellation)
    {
        var problems = new RequestProblems();
        var endpoint = ChooseEndpoint(asked.Endpoint, problems);
        var lifetime = ChooseWindow(asked.CompletionWindow, problems);
        CheckMetadata(asked.Metadata, problems);
        CheckExpiry(asked.OutputExpiresAfter, problems);
        CheckWebhook(asked.Webhook, problems);
        var input = await FindInputAsync(asked.InputFileId, owner.Tenant, problems, cancellation);
        problems.ThrowIfAny();
        await RequireQuotaAsync(owner.Tenant, cancellation);
        var specification = new BatchSpecification(
            input!.Id, input.StoredName, endpoint!, asked.CompletionWindow!, asked.Metadata, asked.OutputExpiresAfter?.Seconds);
        return new NewJob(BatchIds.New(), BatchSpecification.Kind, owner.Tenant, owner.Weight, specification.ToJson(), lifetime)
        {
            Webhook = asked.Webhook,
            TraceParent = Activity.Current?.Id,
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

    private TimeSpan ChooseWindow(string? asked, RequestProblems problems)
    {
        if (asked == Day)
        {
            return TimeSpan.FromDays(1) < options.Lifetime ? TimeSpan.FromDays(1) : options.Lifetime; // expires_at says which
        }

        var window = Parse(asked);
        if (asked is null)
        {
            problems.Add("completion_window", "required", $"completion_window is missing; expected hours or days, such as '{Day}' or '3d'.");
        }
        else if (window is null || window > options.Lifetime)
        {
            problems.Add(
                "completion_window",
                "unsupported_value",
                $"completion_window '{asked}' is not supported; expected hours or days, such as '{Day}' or '3d', "
                + $"at most {options.Lifetime.TotalHours:0.##} hours (Jobs:Lifetime).");
        }

        return window ?? options.Lifetime;
    }

    /// <summary>Returns null if the text is not a number of hours or days above 0.</summary>
    private static TimeSpan? Parse(string? text)
    {
        const int Most = 100_000;
        var isNumber = int.TryParse(text.AsSpan()[..^Math.Min(1, text?.Length ?? 0)], NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return (isNumber && number is > 0 and <= Most ? text![^1] : ' ') switch
        {
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }

    private static void CheckMetadata(IReadOnlyDictionary<string, string>? metadata, RequestProblems problems)
    {
        const string Limits = "expected at most 16 pairs of texts, keys of at most 64 characters and values of at most 512";
        if (metadata?.Count > CreateBatchRequest.MaxPairs)
        {
            problems.Add("metadata", "too_long", $"metadata has {metadata.Count} pairs; {Limits}.");
        }

        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
        {
            if (key.Length > CreateBatchRequest.MaxKeyLength)
            {
                problems.Add("metadata", "too_long", $"metadata has a key of {key.Length} characters; {Limits}.");
            }

            if (value is null)
            {
                problems.Add($"metadata.{key}", "wrong_type", $"metadata.{key} is null; {Limits}.");
            }
            else if (value.Length > CreateBatchRequest.MaxValueLength)
            {
                problems.Add($"metadata.{key}", "too_long", $"metadata.{key} has {value.Length} characters; {Limits}.");
            }
        }
    }

    private static void CheckExpiry(OutputExpiryRequest? asked, RequestProblems problems)
    {
        if (asked is null)
        {
            return;
        }

        if (asked.Anchor != "created_at")
        {
            problems.Add("output_expires_after.anchor", "unsupported_value", $"output_expires_after.anchor is '{asked.Anchor}'; expected 'created_at'.");
        }

        if (asked.Seconds is null)
        {
            problems.Add("output_expires_after.seconds", "required", "output_expires_after.seconds is missing; expected 3600 to 2592000.");
        }

        problems.RequireRange(asked.Seconds, OutputExpiryRequest.MinSeconds, OutputExpiryRequest.MaxSeconds, "output_expires_after.seconds");
    }

    private void CheckWebhook(string? asked, RequestProblems problems)
    {
        if (asked is not null && options.WebhookSecret.Length == 0)
        {
            problems.Add("webhook", "unsupported_value", "webhook needs a secret that signs it. Ask the operator of this service to set Jobs:WebhookSecret.");
        }
        else if (asked is not null && !(Uri.TryCreate(asked, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
        {
            problems.Add("webhook", "unsupported_value", $"webhook is '{asked}'; expected an address that starts with https:// or http://.");
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

    private async Task RequireQuotaAsync(string tenant, CancellationToken cancellation)
    {
        var unfinished = options.MaxUnfinishedImages > 0 ? await jobs.UnfinishedImagesAsync(tenant, cancellation) : -1;
        if (unfinished >= options.MaxUnfinishedImages)
        {
            throw new RequestRefusedException(new ApiError(
                StatusCodes.Status429TooManyRequests,
                $"The unfinished jobs of this key ask for {unfinished} images; expected fewer than {options.MaxUnfinishedImages} (Jobs:MaxUnfinishedImages). "
                + "Wait until one has finished, or cancel one.",
                "image_limit_exceeded")
            {
                RetryAfter = TimeSpan.FromMinutes(1),
            });
        }
    }
}
