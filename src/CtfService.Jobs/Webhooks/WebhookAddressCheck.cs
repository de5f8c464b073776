using System.Net;
using CtfService.Jobs.Work;

namespace CtfService.Jobs.Webhooks;

/// <summary>
/// Checks the address of a webhook when a job is created, as far as that is possible without a look-up: which machine a name means is checked when it is
/// connected to, because that can change.
/// </summary>
public static class WebhookAddressCheck
{
    /// <summary>Longest address, characters.</summary>
    public const int MaxLength = 2_048;

    /// <summary>Returns what is wrong with the address and what to do, as a sentence about the field <c>webhook</c>; null if it can be used.</summary>
    public static string? Problem(string address, JobsOptions options)
    {
        if (options.WebhookSecret.Length == 0)
        {
            return "webhook cannot be used: this service has no secret to sign it with (Jobs:WebhookSecret). "
                + "Leave webhook out and poll instead, or ask the operator of this service to set one.";
        }

        if (address.Length > MaxLength)
        {
            return $"webhook has {address.Length} characters; expected at most {MaxLength}.";
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            return "webhook is no web address; expected one that starts with https:// or http://, such as https://example.org/hooks/ctf.";
        }

        if (uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            return "webhook contains credentials or a fragment; expected an address without them. The receiver verifies the signature instead.";
        }

        return !options.WebhooksToPrivateNetworks && IsPrivate(uri)
            ? $"webhook is at '{uri.Host}', an address of this machine or of a private network, where this service sends nothing. "
                + "Use a public address, or ask the operator of this service to set Jobs:WebhooksToPrivateNetworks."
            : null;
    }

    private static bool IsPrivate(Uri uri)
    {
        var host = uri.IdnHost.TrimEnd('.');
        return IPAddress.TryParse(host, out var address)
            ? PrivateNetworks.Contain(address)
            : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
    }
}
