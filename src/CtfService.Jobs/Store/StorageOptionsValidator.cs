using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace CtfService.Jobs.Store;

/// <summary>Checks that the options of an S3-compatible storage fit together. Secrets are never shown.</summary>
internal sealed partial class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var problems = Problems(options).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Problems(StorageOptions options)
    {
        if (options.S3AccessKeyId.Length > 0 != options.S3SecretAccessKey.Length > 0)
        {
            var (set, missing) = options.S3AccessKeyId.Length > 0 ? ("S3AccessKeyId", "S3SecretAccessKey") : ("S3SecretAccessKey", "S3AccessKeyId");
            yield return $"Storage:{set} is set, but Storage:{missing} is empty; expected both or neither. "
                + "Without them, the environment, profile or role is used.";
        }

        if (options.S3Prefix.Length > 0 && !Prefix().IsMatch(options.S3Prefix))
        {
            yield return $"Storage:S3Prefix is '{options.S3Prefix}'; expected at most 200 letters, digits, dots, hyphens, underscores and slashes, "
                + "of which the first is no dot or slash and the last is a slash, such as ctf/.";
        }

        foreach (var problem in options.S3Bucket.Length == 0 ? WithoutBucket(options) : WithBucket(options))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> WithoutBucket(StorageOptions options)
    {
        (string Name, string Value)[] others =
        [
            (nameof(options.S3Region), options.S3Region),
            (nameof(options.S3ServiceUrl), options.S3ServiceUrl),
            (nameof(options.S3Prefix), options.S3Prefix),
            (nameof(options.S3AccessKeyId), options.S3AccessKeyId),
        ];
        return others.Where(option => option.Value.Length > 0).Take(1).Select(option =>
            $"Storage:{option.Name} is set, but Storage:S3Bucket is empty, so files would be kept in Storage:Folder. Name a bucket, "
            + $"or empty Storage:{option.Name}.");
    }

    private static IEnumerable<string> WithBucket(StorageOptions options)
    {
        if (!Bucket().IsMatch(options.S3Bucket))
        {
            yield return $"Storage:S3Bucket is '{options.S3Bucket}'; expected 3 to 63 lower-case letters, digits, dots and hyphens, such as ctf-jobs.";
        }

        if (options.S3Region.Length == 0 && options.S3ServiceUrl.Length == 0)
        {
            yield return "Storage:S3Bucket is set, but Storage:S3Region and Storage:S3ServiceUrl are empty; expected the region of a bucket at Amazon, "
                + "such as eu-central-1, or the address of another storage.";
        }

        if (options.S3ServiceUrl.Length > 0 && ServiceUrlProblem(options.S3ServiceUrl) is { } problem)
        {
            yield return problem;
        }
    }

    private static string? ServiceUrlProblem(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.UserInfo.Length + uri.Query.Length + uri.Fragment.Length > 0)
        {
            return "Storage:S3ServiceUrl is no address of a storage; expected scheme, host and port, such as http://minio:9000, without credentials.";
        }

        return uri.Scheme == Uri.UriSchemeHttp && uri.Host.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase)
            ? $"Storage:S3ServiceUrl is '{address}', which sends files to Amazon unencrypted; expected https. Empty it and set Storage:S3Region."
            : null;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
    private static partial Regex Bucket();

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._/-]{0,198}/\z|\A[A-Za-z0-9_-]/\z")]
    private static partial Regex Prefix();
}
