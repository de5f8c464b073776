using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace CtfService.Api.Tests;

/// <summary>The JSON of responses as a client reads it, declared apart from the service's types, so that a renamed field fails a test.</summary>
public static class WireFormat
{
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
    };

    public static async Task<WireError> Error(this HttpResponseMessage response, HttpStatusCode expected)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{response.StatusCode} instead of {expected}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return (await response.Content.ReadFromJsonAsync<WireErrorResponse>(Json))!.Error;
    }
}

public sealed record WireImagesResponse(
    long Created, string Model, IReadOnlyList<WireImage> Data, string OutputFormat, string Size, WireUsage Usage, WireTimings Timings,
    IReadOnlyList<WireWarning>? Warnings = null);

public sealed record WireWarning(string Param, string Message);

public sealed record WireImage(
    string B64Json, ulong Seed, int? ClassId, string? ClassLabel, IReadOnlyList<int>? Layout = null, IReadOnlyList<int>? Tokens = null, string? Url = null)
{
    public byte[] File => Convert.FromBase64String(B64Json);
}

public sealed record WireUsage(int InputTokens, int OutputTokens, int TotalTokens);

public sealed record WireTimings(double QueueMs, double CoarseMs, double FineMs, double DecodeMs, double EncodeMs);

public sealed record WireErrorResponse(WireError Error);

public sealed record WireError(string Message, string Type, string? Param, string? Code, IReadOnlyList<WireErrorDetail>? Details = null);

public sealed record WireErrorDetail(string Message, string? Param, string? Code);
