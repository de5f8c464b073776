using System.Diagnostics;
using System.Net;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Images;

/// <summary>
/// Requests images one after another from several processes, as a person with a list of addresses does: a process that refuses honestly, or that is gone, is
/// left for the next one. Every file is compared with the expected one.
/// </summary>
internal sealed class InteractiveClient(IReadOnlyList<ServiceInstance> services, ExpectedImages expected, TimeSpan pause)
{
    /// <summary>A request that got no image for so long counts as unanswered.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan RefusedPause = TimeSpan.FromMilliseconds(200);

    public InteractiveCounts Counts { get; } = new();

    /// <summary>Sends requests until cancelled; the one that is under way is finished.</summary>
    /// <param name="first">Number of the first image, so that several clients do not ask for the same ones.</param>
    public async Task RunAsync(int first, CancellationToken stopping)
    {
        for (var number = first; !stopping.IsCancellationRequested; number++)
        {
            await GetAsync(number);
            await Task.Delay(pause, TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task GetAsync(int number)
    {
        var (request, file) = expected[number];
        var started = Stopwatch.GetTimestamp();
        for (var attempt = number; ; attempt++)
        {
            if (await TryAsync(services[attempt % services.Count], request, file))
            {
                Counts.Answered(Stopwatch.GetElapsedTime(started));
                return;
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                Counts.Failed($"{request} got no image within {Patience}.");
                return;
            }

            await Task.Delay(RefusedPause, TimeProvider.System);
        }
    }

    /// <summary>Returns true if the request was answered, rightly or wrongly.</summary>
    private async Task<bool> TryAsync(ServiceInstance service, ImageRequest request, byte[] file)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var answer = await request.SendAsync(service.Client, CancellationToken.None);
            switch (answer.Status)
            {
                case HttpStatusCode.OK when answer.Body.AsSpan().SequenceEqual(file):
                    return true;
                case HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable:
                    Counts.Refused(answer.Status);
                    return false;
                case HttpStatusCode.OK:
                    Counts.Failed($"{service.Name} answered {request} with {answer.Body.Length} bytes that are not the image of {file.Length} bytes.");
                    return true;
                default:
                    Counts.Failed($"{service.Name} answered {request} with {(int)answer.Status}: {System.Text.Encoding.UTF8.GetString(answer.Body)}");
                    return true;
            }
        }
        catch (HttpRequestException lost) when (service.WasDownSince(started))
        {
            Counts.Lost(lost.HttpRequestError);
            return false;
        }
        catch (HttpRequestException lost)
        {
            Counts.Failed($"{service.Name} broke off {request} although it had not been killed: {lost.Message}");
            return false;
        }
    }
}
