using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace CtfService.Gateway.Configuration;

/// <summary>Checks names, ranges, addresses and networks. Each message names the key, its value, what was expected and where to set it.</summary>
internal sealed class GatewayOptionsValidator(IConfiguration configuration) : IValidateOptions<GatewayOptions>
{
    private static readonly PropertyInfo[] Properties = typeof(GatewayOptions).GetProperties();

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        string[] problems = [.. UnknownNames(), .. OutOfRange(options), .. WrongReplicas(options), .. WrongProxies(options), .. WrongKey(options)];
        return problems.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private IEnumerable<string> UnknownNames() =>
        from key in configuration.GetSection(GatewayOptions.SectionName).GetChildren()
        where !Properties.Any(known => known.Name.Equals(key.Key, StringComparison.OrdinalIgnoreCase))
        select $"{key.Path} is not a setting. Known names: {string.Join(", ", Properties.Select(known => known.Name))}.";

    private static IEnumerable<string> OutOfRange(GatewayOptions options) =>
        from property in Properties
        let rule = property.GetCustomAttribute<ValidationAttribute>()
        let value = property.GetValue(options)
        where rule is not null && !rule.IsValid(value)
        let expected = rule is RangeAttribute range ? $"between {Text(range.Minimum)} and {Text(range.Maximum)}" : rule.ErrorMessage
        select Problem(property.Name, Text(value), expected);

    private static IEnumerable<string> WrongReplicas(GatewayOptions options)
    {
        if (options.Replicas.Count == 0)
        {
            yield return "Gateway:Replicas is empty; expected the address of at least one replica. "
                + "Set it in gateway.json or in the environment variable Gateway__Replicas__0, such as http://10.0.0.5:5080.";
        }

        foreach (var (index, text) in options.Replicas.Index())
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
                || address.PathAndQuery != "/" || address.UserInfo.Length > 0 || address.Fragment.Length > 0)
            {
                yield return Problem($"Replicas:{index}", $"'{text}'", "an address without a path, such as http://10.0.0.5:5080");
            }
            else if (options.Replicas.Take(index).Any(other => Uri.TryCreate(other, UriKind.Absolute, out var earlier) && earlier == address))
            {
                yield return Problem($"Replicas:{index}", $"'{text}' again", "each address once");
            }
        }
    }

    private static IEnumerable<string> WrongProxies(GatewayOptions options) =>
        from entry in options.TrustedProxies.Index()
        where !IPAddress.TryParse(entry.Item, out _) && !System.Net.IPNetwork.TryParse(entry.Item, out _)
        select Problem($"TrustedProxies:{entry.Index}", $"'{entry.Item}'", "an IP address or a network such as 10.0.0.0/8");

    private static IEnumerable<string> WrongKey(GatewayOptions options)
    {
        if (options.ApiKey.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            yield return "Gateway:ApiKey contains characters that a header cannot carry; expected printable ASCII without spaces. Set a key of the replicas.";
        }
    }

    private static string Problem(string property, string value, string? expected)
    {
        var variable = property.Replace(":", "__", StringComparison.Ordinal);
        return $"Gateway:{property} is {value}; expected {expected}. Set it in gateway.json or in the environment variable Gateway__{variable}.";
    }

    private static string Text(object? value) => value is null or "" ? "empty" : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
