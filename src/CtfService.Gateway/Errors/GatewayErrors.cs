namespace CtfService.Gateway.Errors;

/// <summary>The errors that the gateway reports by itself; all others are answers of replicas.</summary>
internal static class GatewayErrors
{
    /// <summary>A replica that starts again or stops being overloaded is seen within seconds.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    public static readonly GatewayError ReplicaLost = new(
        StatusCodes.Status502BadGateway,
        "The connection to the replica that worked on this request broke before it answered. The request was not sent again, because it may have taken effect. "
        + "See whether it has; with an Idempotency-Key the gateway sends it again itself.",
        "replica_lost");

    public static readonly GatewayError AllReplicasLost = new(
        StatusCodes.Status503ServiceUnavailable,
        "The connections to all replicas that worked on this request broke before they answered. It is safe to send it again after the time in Retry-After.",
        "replica_lost")
    {
        RetryAfter = Soon,
    };

    public static readonly GatewayError AnswerTimeout = new(
        StatusCodes.Status504GatewayTimeout, "The replica sent nothing within Gateway:AnswerTimeout. Try again later.", "answer_timeout");

    public static readonly GatewayError OneReplica = new(
        StatusCodes.Status409Conflict,
        "A model is loaded into one replica, and the gateway stands in front of several. Send this request to each replica's own address.",
        "one_replica_route");

    public static readonly GatewayError Internal = new(
        StatusCodes.Status500InternalServerError, "The gateway failed. Its log names the cause by the id of this request.", "gateway_failed");

    /// <param name="model">The model that the request names; null if it names none.</param>
    public static GatewayError NoReplica(string? model) => new(
        StatusCodes.Status503ServiceUnavailable,
        model is null
            ? "No replica is ready to answer. Try again after the time in Retry-After."
            : $"No replica with the model '{model}' is ready to answer. Try again after the time in Retry-After.",
        "no_replica_ready")
    {
        RetryAfter = Soon,
    };

    /// <param name="status">400, 408 or 413, as the server that read the body decided.</param>
    public static GatewayError BadBody(int status, string reason) =>
        new(status, $"The body of the request could not be read: {reason.TrimEnd('.')}. Send all of it, as its headers announce.", "body_unreadable");
}
