using System.Diagnostics;
using CtfService.Gateway.Configuration;
using CtfService.Gateway.Errors;
using CtfService.Gateway.Replicas;
using CtfService.Gateway.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace CtfService.Gateway.Forwarding;

/// <summary>
/// Sends a request to a replica, and to another one if the first did not take it; passes the answer back as it arrives. Nothing is sent again once the client
/// has received a byte. Thread-safe.
/// </summary>
internal sealed partial class Forwarder(
    GatewayOptions options, ReplicaPool pool, ReplicaClient client, IHttpForwarder forwarder, GatewayMetrics metrics, ILogger<Forwarder> logger)
{
    private readonly ForwarderRequestConfig _config = new() { ActivityTimeout = options.AnswerTimeout };

    public async Task ForwardAsync(HttpContext context)
    {
        var arrived = Stopwatch.GetTimestamp();
        var request = await ForwardedRequest.ReadAsync(context, options);
        List<Replica> tried = [];
        var next = pool.Choose(request.Model, tried);
        if (next is null)
        {
            Log.NoReplica(logger, request.Model ?? "any");
            await GatewayErrors.NoReplica(request.Model).WriteAsync(context);
            return;
        }

        metrics.Sending(Stopwatch.GetElapsedTime(arrived));
        while (true)
        {
            var replica = next;
            tried.Add(replica);
            var outcome = await SendAsync(context, request, replica, tried);
            next = !context.Response.HasStarted && outcome.MayResend(request) && tried.Count < options.Attempts ? pool.Choose(request.Model, tried) : null;
            if (next is null)
            {
                await EndAsync(context, request, replica, outcome);
                return;
            }

            metrics.Resent(outcome.Name);
            Log.Resent(logger, context.TraceIdentifier, outcome.Name, replica.Name, next.Name);
            context.Response.Clear();
            context.Features.Set<IForwarderErrorFeature>(null);
            request.Body.Rewind();
        }
    }

    private async Task<SendingOutcome> SendAsync(HttpContext context, ForwardedRequest request, Replica replica, List<Replica> tried)
    {
        var canAskAnother = request.Body.CanRewind && tried.Count < options.Attempts && pool.HasOther(request.Model, tried);
        var transformer = new ReplicaTransformer(canAskAnother, request.IsAnnounced);
        replica.Begin(request.Images);
        try
        {
            var error = await forwarder.SendAsync(context, replica.Address.AbsoluteUri, client.Invoker, _config, transformer, CancellationToken.None);
            var outcome = SendingOutcome.Of(context, error, transformer.WasBusy, request);
            metrics.Ended(replica.Name, outcome.Name);
            if (outcome.IsUnreachable)
            {
                replica.TakeOut("it accepted no connection");
                Log.Lost(logger, replica.Name, outcome.Name, context.Features.Get<IForwarderErrorFeature>()?.Exception?.Message ?? "no connection");
            }

            return outcome;
        }
        finally
        {
            replica.End(request.Images);
        }
    }

    /// <summary>Answers if no replica did.</summary>
    private async Task EndAsync(HttpContext context, ForwardedRequest request, Replica replica, SendingOutcome outcome)
    {
        if (outcome.Name == ForwardingOutcomes.Broken)
        {
            Log.Lost(logger, replica.Name, outcome.Name, context.Features.Get<IForwarderErrorFeature>()?.Exception?.Message ?? "the connection broke");
        }

        if (context.Response.HasStarted || outcome.Name is ForwardingOutcomes.Answered or ForwardingOutcomes.HungUp)
        {
            return;
        }

        context.Response.Clear();
        var error = outcome.Name switch
        {
            ForwardingOutcomes.Broken => request.IsRepeatable ? GatewayErrors.AllReplicasLost : GatewayErrors.ReplicaLost,
            ForwardingOutcomes.TimedOut => GatewayErrors.AnswerTimeout,
            ForwardingOutcomes.BadBody => GatewayErrors.BadBody(StatusCodes.Status400BadRequest, "it ended early or was sent too slowly"),
            _ => GatewayErrors.NoReplica(request.Model), // refused, or the other replica went away in the meantime
        };
        await error.WriteAsync(context);
    }

    private static partial class Log
    {
        [LoggerMessage(GatewayEventIds.Resent, LogLevel.Information, "Request {RequestId} goes to another replica ({Outcome}): from {From} to {To}")]
        public static partial void Resent(ILogger logger, string requestId, string outcome, string from, string to);

        [LoggerMessage(GatewayEventIds.ReplicaLost, LogLevel.Warning, "Replica {Replica} did not answer ({Outcome}): {Reason}")]
        public static partial void Lost(ILogger logger, string replica, string outcome, string reason);

        [LoggerMessage(GatewayEventIds.NoReplica, LogLevel.Warning, "No replica is ready for the model {Model}")]
        public static partial void NoReplica(ILogger logger, string model);
    }
}
