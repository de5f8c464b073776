using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using CtfService.LoadGenerator.Answers;
using CtfService.LoadGenerator.Requests;

namespace CtfService.LoadGenerator.Sending;

/// <summary>Sends single requests and judges their answers. Thread-safe.</summary>
/// <param name="timeout">Longest time to wait for a whole answer.</param>
internal sealed class RequestSender(HttpClient client, TimeSpan timeout)
{
    private const int FirstBytes = 16_384;

    /// <summary>Sends a request and reads and judges its answer. Every failure is an outcome.</summary>
    /// <param name="hangUp">Null to wait for the answer.</param>
    /// <param name="decodes">Whether to decode the images.</param>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public async Task<Answer> SendAsync(LoadRequest request, HangUp? hangUp, bool decodes, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(hangUp?.After ?? timeout);
        var sent = Stopwatch.GetTimestamp();
        try
        {
            return await ExchangeAsync(
                request,
                isHalf: hangUp is { InBody: true },
                (response, body) => AnswerJudge.Judge(
                    request, response.StatusCode, response.Headers.RetryAfter?.Delta, body, Stopwatch.GetElapsedTime(sent), decodes),
                limit.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or HttpRequestException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            var isOver = limit.IsCancellationRequested;
            return isOver && hangUp is not null ? new(Outcome.HungUp)
                : isOver ? new(Outcome.Unanswered, $"no whole answer within {timeout.TotalSeconds} s")
                : new(Outcome.ConnectionError, Innermost(error).Message);
        }
    }

    /// <summary>Sends a request that is not judged, and returns the hashes of its images.</summary>
    /// <exception cref="InvalidDataException">The answer is not the right one.</exception>
    public Task<byte[]> DrawAsync(LoadRequest request, CancellationToken cancellation) => ExchangeAsync(
        request with { Deadline = null },
        isHalf: false,
        (response, body) => response.StatusCode == HttpStatusCode.OK
            ? AnswerJudge.Hashes(request, body)
            : throw new InvalidDataException(
                $"{request.Name}: the service answered {(int)response.StatusCode} to a request that was alone: {System.Text.Encoding.UTF8.GetString(body)}"),
        cancellation);

    private async Task<T> ExchangeAsync<T>(LoadRequest request, bool isHalf, Read<T> read, CancellationToken cancellation)
    {
        using var message = Message(request, isHalf);
        using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var buffer = ArrayPool<byte>.Shared.Rent((int)(response.Content.Headers.ContentLength ?? FirstBytes) + 1);
        try
        {
            var length = 0;
            var stream = await response.Content.ReadAsStreamAsync(cancellation);
            await using (stream.ConfigureAwait(false))
            {
                while (await stream.ReadAsync(buffer.AsMemory(length), cancellation) is var count and > 0)
                {
                    length += count;
                    buffer = length == buffer.Length ? Grown(buffer) : buffer;
                }
            }

            return read(response, buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static HttpRequestMessage Message(LoadRequest request, bool isHalf)
    {
        var message = new HttpRequestMessage(request.Method, request.Path);
        if (!request.Body.IsEmpty)
        {
            message.Content = isHalf ? new HalfSentContent(request.Body) : new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(request.ContentType);
        }

        if (request.Accept is { } accept)
        {
            message.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (request.Deadline is { } deadline)
        {
            message.Headers.TryAddWithoutValidation("X-Request-Timeout", string.Create(CultureInfo.InvariantCulture, $"{deadline.TotalMilliseconds}ms"));
        }

        return message;
    }

    private static byte[] Grown(byte[] buffer)
    {
        var larger = ArrayPool<byte>.Shared.Rent(2 * buffer.Length);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;

    private delegate T Read<T>(HttpResponseMessage response, ReadOnlySpan<byte> body);
}
