using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using CtfService.Trials.Processes;

namespace CtfService.Trials.Datasets;

/// <summary>A client of <c>/v1/datasets</c> that asks the next process if one is gone or refuses, as it must while processes are killed.</summary>
/// <param name="key">API key; null without keys.</param>
internal sealed class DatasetClient(IReadOnlyList<ServiceInstance> services, string? key = null)
{
    private const string Datasets = "/v1/datasets";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private int _next;

    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public async Task<DatasetJob> CreateAsync(DatasetOrder order, CancellationToken cancellation) =>
        DatasetJob.Parse(await SendAsync(HttpMethod.Post, Datasets, order.Body, cancellation));

    public async Task<DatasetJob> FindAsync(string id, CancellationToken cancellation) =>
        DatasetJob.Parse(await SendAsync(HttpMethod.Get, $"{Datasets}/{id}", null, cancellation));

    public Task CancelAsync(string id, CancellationToken cancellation) => SendAsync(HttpMethod.Post, $"{Datasets}/{id}/cancel", null, cancellation);

    public async Task<IReadOnlyList<DatasetFile>> FilesAsync(string id, CancellationToken cancellation)
    {
        using var list = JsonDocument.Parse(await SendAsync(HttpMethod.Get, $"{Datasets}/{id}/files", null, cancellation));
        return list.RootElement.GetProperty("data").Deserialize<IReadOnlyList<DatasetFile>>(Json)!;
    }

    /// <summary>Waits until a job has ended or satisfies a condition.</summary>
    /// <exception cref="TimeoutException">It did neither in time; the message has its last state.</exception>
    public async Task<DatasetJob> WaitAsync(string id, Func<DatasetJob, bool> condition, TimeSpan timeout, CancellationToken cancellation)
    {
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            var job = await FindAsync(id, cancellation);
            if (job.IsEnded || condition(job))
            {
                return job;
            }

            if (TimeProvider.System.GetElapsedTime(started) > timeout)
            {
                throw new TimeoutException($"After {timeout} {id} is still {job}.");
            }

            await Task.Delay(Poll, TimeProvider.System, cancellation);
        }
    }

    public Task<DatasetJob> EndAsync(string id, TimeSpan timeout, CancellationToken cancellation) => WaitAsync(id, _ => false, timeout, cancellation);

    /// <summary>Downloads a file to the end and hands its stream to a reader.</summary>
    public Task<T> ReadAsync<T>(DatasetFile file, Func<Stream, Task<T>> read, CancellationToken cancellation) =>
        RetryAsync(HttpMethod.Get, file.Url, null, async response => await read(await response.Content.ReadAsStreamAsync(cancellation)), cancellation);

    /// <summary>Sends one request to the first process, without retries; returns the status and the body.</summary>
    public async Task<(HttpStatusCode Status, string Body)> TryAsync(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        using var request = Request(method, path, body);
        using var response = await services[0].Client.SendAsync(request, cancellation);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
    }

    public Task<(HttpStatusCode Status, string Body)> TryCreateAsync(DatasetOrder order, CancellationToken cancellation) =>
        TryAsync(HttpMethod.Post, Datasets, order.Body, cancellation);

    public Task<(HttpStatusCode Status, string Body)> TryFindAsync(string id, CancellationToken cancellation) =>
        TryAsync(HttpMethod.Get, $"{Datasets}/{id}", null, cancellation);

    private Task<string> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellation) =>
        RetryAsync(method, path, body, response => response.Content.ReadAsStringAsync(cancellation), cancellation);

    private async Task<T> RetryAsync<T>(HttpMethod method, string path, object? body, Func<HttpResponseMessage, Task<T>> read, CancellationToken cancellation)
    {
        var idempotencyKey = body is null ? null : $"{Guid.NewGuid():N}"; // an answer may be lost
        for (var started = TimeProvider.System.GetTimestamp(); ;)
        {
            var isLate = TimeProvider.System.GetElapsedTime(started) > Patience;
            try
            {
                using var request = Request(method, path, body);
                if (idempotencyKey is not null)
                {
                    request.Headers.Add("Idempotency-Key", idempotencyKey);
                }

                using var response = await services[_next++ % services.Count].Client.SendAsync(
                    request, HttpCompletionOption.ResponseHeadersRead, cancellation);
                if (response.IsSuccessStatusCode)
                {
                    return await read(response);
                }

                if (isLate || response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
                {
                    throw new InvalidOperationException(
                        $"{method} {path} was answered with {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellation)}");
                }
            }
            catch (Exception lost) when (!isLate && lost is (HttpRequestException or IOException))
            {
                // The process was killed.
            }

            await Task.Delay(Poll, TimeProvider.System, cancellation);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, object? body)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.RelativeOrAbsolute)) { Content = body is null ? null : JsonContent.Create(body) };
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return request;
    }
}
