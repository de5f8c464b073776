using CtfService.Gateway.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace CtfService.Gateway.Forwarding;

/// <summary>How sending a request to one replica ended.</summary>
/// <param name="Name">One of <see cref="ForwardingOutcomes"/>.</param>
/// <param name="IsUnreachable">Whether the replica accepted no connection, so that it gets no further requests.</param>
internal sealed record SendingOutcome(string Name, bool IsUnreachable = false)
{
    /// <summary>Whether the request goes to another replica if there is one.</summary>
    public bool MayResend(ForwardedRequest request) => request.Body.CanRewind && Name switch
    {
        ForwardingOutcomes.Refused or ForwardingOutcomes.Busy => true,
        ForwardingOutcomes.Broken => request.IsRepeatable,
        _ => false,
    };

    /// <param name="error">What the forwarder returned.</param>
    /// <param name="wasBusy">Whether an answer of 429 or 503 was held back.</param>
    /// <param name="request">Its body shows whether the replica can have received it.</param>
    public static SendingOutcome Of(HttpContext context, ForwarderError error, bool wasBusy, ForwardedRequest request)
    {
        if (error == ForwarderError.None)
        {
            return new SendingOutcome(wasBusy ? ForwardingOutcomes.Busy : ForwardingOutcomes.Answered);
        }

        if (context.RequestAborted.IsCancellationRequested || error is ForwarderError.ResponseBodyClient)
        {
            return new SendingOutcome(ForwardingOutcomes.HungUp);
        }

        var isUnreachable = HasNoConnection(context.Features.Get<IForwarderErrorFeature>()?.Exception);
        return error switch
        {
            ForwarderError.RequestBodyClient => new SendingOutcome(ForwardingOutcomes.BadBody),
            _ when isUnreachable => new SendingOutcome(ForwardingOutcomes.Refused, IsUnreachable: true),
            ForwarderError.RequestTimedOut => new SendingOutcome(ForwardingOutcomes.TimedOut),
            _ when request.HasBody && !request.Body.WasRead => new SendingOutcome(ForwardingOutcomes.Refused),
            _ => new SendingOutcome(ForwardingOutcomes.Broken),
        };
    }

    /// <summary>Whether no connection came about: refused, unreachable, unknown name, failed handshake, or Gateway:ConnectTimeout.</summary>
    private static bool HasNoConnection(Exception? error) => error switch
    {
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        } => true,
        { InnerException: { } inner } => HasNoConnection(inner),
        _ => false,
    };
}
