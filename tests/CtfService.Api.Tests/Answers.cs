using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace CtfService.Api.Tests;

/// <summary>The wire as a client sees it, written down apart from the service's own types, so that a renamed field fails a test.</summary>
public static class Answers
{
    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true };

    public static async Task<ErrorAnswer> Error(this HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{response.StatusCode} instead of {expected}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return (await response.Content.ReadFromJsonAsync<ErrorEnvelope>(Json))!.Error;
    }
}

public sealed record ImagesAnswer(
    long Created, string Model, IReadOnlyList<ImageAnswer> Data, string OutputFormat, string Size, UsageAnswer Usage, TimingsAnswer Timings,
    IReadOnlyList<WarningAnswer>? Warnings = null);

public sealed record WarningAnswer(string Param, string Message);

public sealed record ImageAnswer(
    string B64Json, ulong Seed, int? ClassId, string? ClassLabel, IReadOnlyList<int>? Layout = null, IReadOnlyList<int>? Tokens = null, string? Url = null)
{
    public byte[] File => Convert.FromBase64String(B64Json);
}

public sealed record UsageAnswer(int InputTokens, int OutputTokens, int TotalTokens);

public sealed record TimingsAnswer(double QueueMs, double CoarseMs, double FineMs, double DecodeMs, double EncodeMs);

public sealed record ErrorEnvelope(ErrorAnswer Error);

public sealed record ErrorAnswer(string Message, string Type, string? Param, string? Code, IReadOnlyList<ErrorAnswerDetail>? Details = null);

public sealed record ErrorAnswerDetail(string Message, string? Param, string? Code);
