using System.Net;
using System.Text;
using System.Text.Json;
using CtfService.LoadGenerator.Requests;

namespace CtfService.LoadGenerator.Answers;

/// <summary>Compares answers with what the API documents and with the expected images.</summary>
internal static class AnswerJudge
{
    private const int LongestQuote = 300;

    /// <summary>A deadline is measured by the service from the arrival of the request; the sender's clock starts a little earlier.</summary>
    private static readonly TimeSpan ClockMargin = TimeSpan.FromMilliseconds(50);

    /// <param name="elapsed">Time since the request was sent.</param>
    public static Answer Judge(
        LoadRequest request, HttpStatusCode status, TimeSpan? retryAfter, ReadOnlySpan<byte> body, TimeSpan elapsed, bool decodes) => (int)status switch
        {
            var right when right == request.Status => JudgeRight(request, body, decodes),
            429 or 503 when (retryAfter > TimeSpan.Zero || IsTooShort(request, status)) && ErrorCode(body) is { } code =>
                new(status == HttpStatusCode.TooManyRequests ? Outcome.Overloaded : Outcome.Unavailable, RetryAfter: retryAfter, Code: code),
            504 when request.Deadline is { } deadline && elapsed >= deadline - ClockMargin && ErrorCode(body) is not null => new(Outcome.DeadlineExceeded),
            var other => new(
                Outcome.WrongStatus,
                $"status {other} {ErrorCode(body)} (Retry-After: {(retryAfter is { } time ? $"{time.TotalSeconds} s" : "none")}) "
                + $"after {elapsed.TotalSeconds:0.00} s instead of {request.Status}: {Quote(body)}"),
        };

    /// <summary>Returns the SHA-256 of the images of a right answer, one after another.</summary>
    /// <exception cref="InvalidDataException">The answer is not right.</exception>
    /// <exception cref="JsonException">JSON is not valid.</exception>
    public static byte[] Hashes(LoadRequest request, ReadOnlySpan<byte> body)
    {
        var images = new AnswerImages(decodes: true);
        images.Read(request.Form, body);
        return images.Count == request.Images
            ? images.Hashes.ToArray()
            : throw new InvalidDataException($"{images.Count} images instead of {request.Images}: {Quote(body)}");
    }

    private static Answer JudgeRight(LoadRequest request, ReadOnlySpan<byte> body, bool decodes)
    {
        switch (request.Form)
        {
            case AnswerForm.Error:
                return ErrorCode(body) is not null ? new(Outcome.BadRequestRefused) : new(Outcome.Undecodable, $"no error in OpenAI's form: {Quote(body)}");
            case AnswerForm.List:
                return IsJson(body) ? new(Outcome.Ok) : new(Outcome.Undecodable, $"no JSON: {Quote(body)}");
            default:
                return JudgeImages(request, body, decodes);
        }
    }

    private static Answer JudgeImages(LoadRequest request, ReadOnlySpan<byte> body, bool decodes)
    {
        try
        {
            var images = new AnswerImages(decodes);
            images.Read(request.Form, body);
            return images.Count != request.Images ? new(Outcome.WrongBytes, $"{images.Count} images instead of {request.Images}: {Quote(body)}")
                : images.Hashes.SequenceEqual(request.Expected.Span) ? new(Outcome.Ok, Images: images.Count)
                : new(Outcome.WrongBytes, "an image differs from the one that the same request gave alone");
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or JsonException)
        {
            return new(Outcome.Undecodable, $"{unreadable.Message}: {Quote(body)}");
        }
    }

    /// <summary>A time limit may be shorter than an image takes; then no time to wait helps.</summary>
    private static bool IsTooShort(LoadRequest request, HttpStatusCode status) => status == HttpStatusCode.TooManyRequests && request.Deadline is not null;

    /// <summary>Returns the code of an error in OpenAI's form, an object with a message, a type and a code; null for anything else.</summary>
    private static string? ErrorCode(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var json = JsonDocument.ParseValue(ref reader);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("message", out var message) && message.GetString()?.Length > 0
                && error.TryGetProperty("type", out _) && error.TryGetProperty("code", out var code)
                    ? code.GetString()
                    : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Quote(ReadOnlySpan<byte> body) => Encoding.UTF8.GetString(body[..Math.Min(LongestQuote, body.Length)]);
}
