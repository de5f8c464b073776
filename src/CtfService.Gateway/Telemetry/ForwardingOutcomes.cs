namespace CtfService.Gateway.Telemetry;

/// <summary>How sending a request to one replica can end.</summary>
internal static class ForwardingOutcomes
{
    /// <summary>The replica's answer was passed on, whatever its status.</summary>
    public const string Answered = "answered";

    /// <summary>The replica answered 429 or 503, and the request went to another one.</summary>
    public const string Busy = "busy";

    /// <summary>The replica received nothing of the body: no connection, or a stale one.</summary>
    public const string Refused = "refused";

    /// <summary>The connection broke after the request had been sent.</summary>
    public const string Broken = "broken";

    /// <summary>Nothing moved for Gateway:AnswerTimeout.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>The client hung up.</summary>
    public const string HungUp = "hung_up";

    /// <summary>The client sent a body that could not be read.</summary>
    public const string BadBody = "bad_body";

    /// <summary>The reasons for sending a request to another replica.</summary>
    public static IReadOnlyList<string> OfResends { get; } = [Refused, Busy, Broken];
}
