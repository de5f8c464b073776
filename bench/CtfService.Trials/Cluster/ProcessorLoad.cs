using System.Diagnostics;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Cluster;

/// <summary>Clients that ask a gateway for the same path again and again, and the processor time that it takes.</summary>
internal sealed class ProcessorLoad(ServiceInstance gateway, int clients, TimeSpan time)
{
    /// <summary>Returns the number of requests and the processor time of the gateway's process, after a warm-up of a fifth of the time.</summary>
    public async Task<(int Requests, TimeSpan Processor)> RunAsync(string path, CancellationToken cancellation)
    {
        await SendAsync(path, time / 5, cancellation);
        var before = gateway.ProcessorTime();
        var requests = await SendAsync(path, time, cancellation);
        return (requests, gateway.ProcessorTime() - before);
    }

    private async Task<int> SendAsync(string path, TimeSpan duration, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            var count = 0;
            for (; Stopwatch.GetElapsedTime(started) < duration; count++)
            {
                using var answer = await gateway.Client.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellation);
                await answer.EnsureSuccessStatusCode().Content.CopyToAsync(Stream.Null, cancellation);
            }

            return count;
        }));
        return counts.Sum();
    }
}
