using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Security;

/// <summary>
/// Checks the rules of keys and origins that annotations cannot express, and reports all problems at once. Hashes are never shown, because a key may have
/// been put in their place.
/// </summary>
internal sealed partial class SecurityOptionsValidator : IValidateOptions<SecurityOptions>
{
    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        var problems = options.ApiKeys.SelectMany(KeyProblems)
            .Concat(Repeated(options.ApiKeys, "Name", key => key.Name))
            .Concat(Repeated(options.ApiKeys, "Sha256", key => key.Sha256))
            .Concat(options.AllowedOrigins.SelectMany(OriginProblems))
            .ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> KeyProblems(ApiKeyOptions key, int index)
    {
        var path = $"{SecurityOptions.SectionName}:{nameof(SecurityOptions.ApiKeys)}:{index}";
        if (!ApiKeyOptions.IsName(key.Name))
        {
            yield return $"{path}:Name is '{key.Name}'; expected 1 to {ApiKeyOptions.MaxNameLength} letters, digits, dots, hyphens or underscores. "
                + "It identifies the key in the log.";
        }

        if (!HashPattern().IsMatch(key.Sha256))
        {
            yield return $"{path}:Sha256 has {key.Sha256.Length} characters and is not a hash; expected the SHA-256 of the key as 64 hexadecimal digits, "
                + "never the key itself. `ctf api-key` creates a key and prints its hash.";
        }

        if (key.Weight is < 1 or > ApiKeyOptions.MaxWeight)
        {
            yield return $"{path}:Weight is {key.Weight}; expected between 1 and {ApiKeyOptions.MaxWeight}.";
        }

        (string Name, int? Value, int Most)[] limits =
        [
            (nameof(key.RequestsPerMinute), key.RequestsPerMinute, ApiKeyOptions.MaxRequestsPerMinute),
            (nameof(key.ImagesPerMinute), key.ImagesPerMinute, ApiKeyOptions.MaxImagesPerMinute),
            (nameof(key.ImagesPerDay), key.ImagesPerDay, ApiKeyOptions.MaxImagesPerDay),
        ];
        foreach (var (limit, value, most) in limits.Where(limit => limit.Value < 0 || limit.Value > limit.Most))
        {
            yield return $"{path}:{limit} is {value}; expected between 0 and {most}. Omit it to use {SecurityOptions.SectionName}:{limit}.";
        }
    }

    private static IEnumerable<string> Repeated(IReadOnlyList<ApiKeyOptions> keys, string property, Func<ApiKeyOptions, string> value) => keys
        .Select((key, index) => (Value: value(key), Path: $"{SecurityOptions.SectionName}:{nameof(SecurityOptions.ApiKeys)}:{index}:{property}"))
        .GroupBy(entry => entry.Value, entry => entry.Path, StringComparer.OrdinalIgnoreCase)
        .Where(paths => paths.Count() > 1)
        .Select(paths => $"{string.Join(" and ", paths)} are the same; expected a different one for each key. Remove or replace all but one.");

    private static IEnumerable<string> OriginProblems(string origin, int index)
    {
        var isOrigin = Uri.TryCreate(origin, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri.GetLeftPart(UriPartial.Authority).Equals(origin, StringComparison.OrdinalIgnoreCase)
            && uri.UserInfo.Length == 0;
        if (!isOrigin)
        {
            yield return $"{SecurityOptions.SectionName}:{nameof(SecurityOptions.AllowedOrigins)}:{index} is '{origin}'; "
                + "expected scheme, host and port only, such as https://studio.example.org. List each origin; wildcards are not supported.";
        }
    }

    [GeneratedRegex(@"\A[0-9A-Fa-f]{64}\z")]
    private static partial Regex HashPattern();
}
