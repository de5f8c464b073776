using System.Net;
using CtfService.Trials.Faults;
using CtfService.Trials.Images;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Stops;

/// <summary>Clients that send one image request after the other, until the service no longer listens.</summary>
internal sealed class StopClients(ServiceInstance service, ExpectedImages images, StopTally tally)
{
    /// <summary>Time before a client that was refused asks again.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public Task RunAsync(int clients, CancellationToken cancellation) =>
        Task.WhenAll(Enumerable.Range(0, clients).Select(client => SendAsync(client * 1_000, cancellation)));

    private async Task SendAsync(int number, CancellationToken cancellation)
    {
        for (var isAccepted = true; isAccepted; number++)
        {
            var (request, file) = images[number];
            try
            {
                isAccepted = await CountAsync(await request.SendAsync(service.Client, cancellation), request, file, cancellation);
            }
            catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
            {
                tally.CountNotAdmitted();
                return;
            }
            catch (HttpRequestException closed) when (closed.HttpRequestError == HttpRequestError.ResponseEnded)
            {
                tally.CountUnread(); // or lost, which the log of the service shows
                return;
            }
            catch (HttpRequestException lost)
            {
                tally.CountWrong($"{request}: {lost.HttpRequestError} {lost.Message}");
                return;
            }
        }
    }

    private async Task<bool> CountAsync(ImageAnswer answer, ImageRequest request, byte[] file, CancellationToken cancellation)
    {
        var message = answer.Status == HttpStatusCode.OK ? "" : FaultScene.Message(System.Text.Encoding.UTF8.GetString(answer.Body));
        switch (answer.Status)
        {
            case HttpStatusCode.OK when answer.Body.AsSpan().SequenceEqual(file):
                tally.CountRight();
                return true;
            case HttpStatusCode.ServiceUnavailable when message.Length > 0:
                tally.CountRefused();
                await Task.Delay(Pause, TimeProvider.System, cancellation);
                return true;
            default:
                tally.CountWrong($"{request}: {answer.Status} {message}");
                return false;
        }
    }
}
