using System.Diagnostics;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Traffic;

/// <summary>
/// A client of several gateways, as it stands behind a balancer: a request that a gateway which went down did not answer goes to the next one, if it was not
/// received or is safe to repeat. Nothing else is sent again.
/// </summary>
internal sealed class GatewayClient(IReadOnlyList<ServiceInstance> gateways, TrafficTally tally)
{
    /// <summary>Longer than any deadline of the service.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private int _turn;

    /// <param name="create">Creates the request; called for each attempt.</param>
    /// <param name="isSafe">Whether it may be sent again although a gateway may have passed it on.</param>
    public async Task<TrafficEnd> SendAsync(Func<HttpRequestMessage> create, bool isSafe)
    {
        var turn = Interlocked.Increment(ref _turn);
        using var limit = new CancellationTokenSource(Patience);
        for (var attempt = 0; ; attempt++)
        {
            var gateway = gateways[(turn + attempt) % gateways.Count];
            var end = await TryAsync(gateway, create, isSafe, limit.Token);
            if (end is not null)
            {
                return end;
            }

            tally.SentToOtherGateway();
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    /// <summary>Returns null if the request is to be sent to the other gateway.</summary>
    private static async Task<TrafficEnd?> TryAsync(
        ServiceInstance gateway, Func<HttpRequestMessage> create, bool isSafe, CancellationToken limit)
    {
        var (started, hasBegun) = (Stopwatch.GetTimestamp(), false);
        try
        {
            using var request = create();
            using var answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit);
            hasBegun = true;
            return TrafficEnd.Of(answer, await answer.Content.ReadAsByteArrayAsync(limit));
        }
        catch (OperationCanceledException)
        {
            return TrafficEnd.Without(EndKind.Failed, $"no answer of {gateway.Name} within {Patience.TotalSeconds:0} s");
        }
        catch (Exception broken) when (hasBegun && broken is HttpRequestException or IOException)
        {
            return TrafficEnd.Without(EndKind.CutOff, $"{gateway.Name}: {broken.Message}");
        }
        catch (HttpRequestException lost) when (gateway.WasDownSince(started))
        {
            return isSafe || lost.HttpRequestError == HttpRequestError.ConnectionError
                ? null
                : TrafficEnd.Without(EndKind.LostWithGateway, $"{gateway.Name}: {lost.Message}");
        }
        catch (HttpRequestException lost)
        {
            return TrafficEnd.Without(EndKind.Failed, $"{gateway.Name} was up and broke the connection: {lost.Message} {lost.InnerException?.Message}");
        }
    }
}
