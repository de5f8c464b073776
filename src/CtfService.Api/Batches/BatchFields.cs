using CtfService.Api.Contracts;
using CtfService.Api.Validation;

namespace CtfService.Api.Batches;

/// <summary>Checks the optional fields of a request for a batch.</summary>
internal static class BatchFields
{
    public static void CheckMetadata(IReadOnlyDictionary<string, string>? metadata, RequestProblems problems)
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

    public static void CheckExpiry(OutputExpiryRequest? asked, RequestProblems problems)
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
}
