using System.Text.RegularExpressions;
using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Datasets.Plans;
using CtfService.Jobs.Webhooks;
using CtfService.Jobs.Work;

namespace CtfService.Api.Validation;

/// <summary>
/// Checks a request for a data set against the loaded model and the configured limits, and returns a type in which every value is valid. Thread-safe.
/// </summary>
internal sealed class DatasetRequestValidator(LimitsOptions limits, JobsOptions jobs, ImageRequestChecks checks)
{
    /// <summary>A job creates the rows of its shards in one transaction, and reads them all at its end.</summary>
    private const int MostShards = 100_000;

    private const int MostNotes = 16;
    private const int LongestKey = 64;
    private const int LongestValue = 512;

    /// <exception cref="RequestRefusedException">The request is invalid; the exception lists every problem.</exception>
    public ValidatedDataset Validate(DatasetRequest asked, ModelDescription model)
    {
        var problems = new RequestProblems();
        var counts = ImageCountChoice.Choose(asked, model.Classes, jobs, problems);
        var coarse = SamplingChoice.Choose(asked.CoarseSampling, model.DefaultCoarse, prefix: "", limits, problems);
        var fine = checks.ChooseFine(asked.Fine, "fine.", model, problems);
        checks.RequireModel(asked.Model, model, problems);
        problems.RequireRange(asked.Quality, 0, 100, "quality");
        problems.RequireRange(asked.ShardSize, 1, jobs.ShardImages, "shard_size", "Jobs:ShardImages");
        var plan = new DatasetPlan
        {
            Counts = counts,
            Seed = asked.Seed ?? RandomSeed.Draw(),
            Coarse = coarse,
            Fine = fine,
            Format = ChooseFormat(asked.Format, problems),
            ImageFormat = ImageRequestChecks.ChooseFormat(asked.ImageFormat, "image_format", problems) ?? ImageFormat.Png,
            Quality = asked.Quality ?? Model.Imaging.ImageCodec.DefaultQuality,
            ShardSize = asked.ShardSize ?? jobs.ShardImages,
            Name = ChooseName(asked.Name, problems),
        };
        CheckShards(plan, problems);
        CheckMetadata(asked.Metadata, problems);
        if (asked.Webhook is { } webhook && WebhookAddressCheck.Problem(webhook, jobs) is { } problem)
        {
            problems.Add("webhook", "invalid_webhook", problem);
        }

        var lifetime = ChooseLifetime(asked.ExpiresAfter, problems);
        problems.ThrowIfAny();
        return new ValidatedDataset(plan, model, lifetime, asked.Metadata, asked.Webhook);
    }

    private static void CheckShards(DatasetPlan plan, RequestProblems problems)
    {
        var smallest = (plan.Total + MostShards - 1) / MostShards;
        if (plan.ShardSize >= 1 && plan.ShardSize < smallest)
        {
            problems.Add(
                "shard_size",
                "out_of_range",
                $"shard_size is {plan.ShardSize} for {plan.Total} images; expected at least {smallest}, because a data set has at most {MostShards} files.");
        }
    }

    private static DatasetFormat ChooseFormat(string? asked, RequestProblems problems)
    {
        if (asked is null)
        {
            return DatasetFormat.Webdataset;
        }

        if (DatasetFormats.Find(asked) is { } format)
        {
            return format;
        }

        problems.Add("format", "unsupported_value", $"format '{asked}' is not supported; expected {DatasetFormats.Names}.");
        return default;
    }

    private static string ChooseName(string? asked, RequestProblems problems)
    {
        if (asked is not null && !IsName(asked))
        {
            problems.Add(
                "name",
                "invalid_name",
                $"name is '{Shortened(asked)}'; expected 1 to 64 letters, digits, hyphens and underscores, the first a letter or digit.");
        }

        return asked ?? DatasetPlan.DefaultName;
    }

    private static bool IsName(string text) => text.Length <= 64 && Regex.IsMatch(text, DatasetPlan.NamePattern) && text[^1] != '\n';

    private static void CheckMetadata(IReadOnlyDictionary<string, string>? metadata, RequestProblems problems)
    {
        if (metadata?.Count > MostNotes)
        {
            problems.Add("metadata", "too_long", $"metadata has {metadata.Count} pairs; expected at most {MostNotes}.");
            return;
        }

        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
        {
            if (key.Length is 0 or > LongestKey)
            {
                problems.Add("metadata", "too_long", $"metadata has a key of {key.Length} characters; expected 1 to {LongestKey}.");
            }
            else if (value is null or { Length: > LongestValue })
            {
                problems.Add(
                    $"metadata.{key}",
                    value is null ? "wrong_type" : "too_long",
                    $"metadata.{key} {(value is null ? "is null" : $"has {value.Length} characters")}; expected a text of at most {LongestValue} characters.");
            }
        }
    }

    private TimeSpan ChooseLifetime(ExpiresAfterRequest? asked, RequestProblems problems)
    {
        if (asked is null)
        {
            return jobs.Lifetime;
        }

        if (asked.Anchor is not (null or "created_at"))
        {
            problems.Add("expires_after.anchor", "unsupported_value", $"expires_after.anchor '{asked.Anchor}' is not supported; expected 'created_at'.");
        }

        if (asked.Seconds is null)
        {
            problems.Add("expires_after.seconds", "required", "expires_after.seconds is missing; expected a number of seconds.");
        }

        problems.RequireRange(asked.Seconds, 60, (int)jobs.Lifetime.TotalSeconds, "expires_after.seconds", "Jobs:Lifetime");
        return TimeSpan.FromSeconds(asked.Seconds ?? 0);
    }

    private static string Shortened(string text) => text.Length <= 80 ? text : $"{text[..80]}...";
}
