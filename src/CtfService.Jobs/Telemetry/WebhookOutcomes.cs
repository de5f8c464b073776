namespace CtfService.Jobs.Telemetry;

/// <summary>How an attempt to deliver a webhook ends: a closed set of values of a metric.</summary>
internal static class WebhookOutcomes
{
    public const string Delivered = "delivered";

    /// <summary>The attempt failed; another follows.</summary>
    public const string Retried = "retried";

    /// <summary>The last attempt failed, the receiver is gone, or its address is not allowed.</summary>
    public const string GivenUp = "given_up";

    public static IReadOnlyList<string> All { get; } = [Delivered, Retried, GivenUp];
}
