using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CtfService.Api.Tests.Description;
using Microsoft.Extensions.Logging;

namespace CtfService.Api.Tests.Malformed;

/// <summary>Thousands of malformed requests: each gets an error in the shape of its path, and the service still works afterwards.</summary>
public sealed class MalformedRequestTests
{
    /// <summary>Set to a seed that a failure names, runs that seed alone.</summary>
    private const string SeedVariable = "CTF_MALFORMED_SEED";

    private const int InMemory = 10_000;

    /// <summary>Edits.</summary>
    private const int Edits = 2_000;

    /// <summary>Requests over a real socket, which take longer.</summary>
    private const int OverTheWire = 600;

    private readonly MalformedRequests _requests = new(new ApiSurface(CheckedInDocument.Read()));

    [Fact]
    public async Task Any_MalformedRequest_IsRejectedAndTheServiceStillWorks()
    {
        await using var api = new TestApi();
        await RefusesAll(api, InMemory, _requests.Draw, _requests.Kind, _ => false);
    }

    [Fact]
    public async Task Any_MalformedRequestOverASocket_IsRejectedAndTheServiceStillWorks()
    {
        await using var api = new TestApi();
        api.UseKestrel(port: 0);
        await RefusesAll(api, OverTheWire, _requests.Draw, _requests.Kind, _ => false);
    }

    /// <summary>Some of these pictures and forms are valid; those are answered with an image.</summary>
    [Fact]
    public async Task Edit_MalformedFormsAndPictures_AreRejectedOrDrawn()
    {
        await using var api = new TestApi();
        await RefusesAll(api, Edits, MalformedEdits.Draw, MalformedEdits.Kind, MalformedEdits.MayBeValid);
    }

    [Fact]
    public void Draw_SameSeed_IsTheSameRequest() =>
        Assert.All(Enumerable.Range(0, 100), seed => Assert.Equal(_requests.Draw(seed).ToString(), _requests.Draw(seed).ToString()));

    /// <param name="mayBeValid">Whether the request of a seed may be answered.</param>
    private static async Task RefusesAll(TestApi api, int count, Func<int, MalformedRequest> draw, Func<int, string> kind, Func<int, bool> mayBeValid)
    {
        await api.InitializeAsync();
        IEnumerable<int> seeds = Environment.GetEnvironmentVariable(SeedVariable) is { Length: > 0 } one
            ? [int.Parse(one, CultureInfo.InvariantCulture)]
            : Enumerable.Range(0, count);
        var failures = new List<string>();
        foreach (var seed in seeds)
        {
            var request = draw(seed);
            using var message = request.ToMessage();
            using var response = await api.Client.SendAsync(message);
            if (mayBeValid(seed) && response.StatusCode == HttpStatusCode.OK)
            {
                continue;
            }

            var mediaType = response.Content.Headers.ContentType?.MediaType;
            if (Problem(request, response.StatusCode, mediaType, await response.Content.ReadAsStringAsync()) is { } problem)
            {
                failures.Add($"{SeedVariable}={seed} ({kind(seed)}): {problem}\n  {request}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} requests were not rejected as expected:\n{string.Join('\n', failures.Take(10))}");
        Assert.DoesNotContain(api.Logs.Entries, entry => entry.Level >= LogLevel.Error);
        Assert.Single((await api.Generate("""{"class_label": 0}""")).Data);
        using var ready = await api.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    /// <summary>Returns null if the response is as expected.</summary>
    private static string? Problem(MalformedRequest request, HttpStatusCode status, string? mediaType, string body)
    {
        if ((int)status is < 400 or > 499)
        {
            return $"answered {(int)status}: {body[..Math.Min(body.Length, 200)]}";
        }

        if (body.Contains("System.", StringComparison.Ordinal) || body.Contains("   at ", StringComparison.Ordinal))
        {
            return $"shows internals: {body}";
        }

        return request.Path.StartsWith("/v1", StringComparison.OrdinalIgnoreCase)
            ? ErrorProblem(mediaType, body)
            : ProblemDetailsProblem(status, mediaType, body);
    }

    private static string? ErrorProblem(string? mediaType, string body)
    {
        var error = Parse(body)?["error"];
        var isOurs = mediaType == "application/json"
            && (string?)error?["type"] == "invalid_request_error"
            && !string.IsNullOrEmpty((string?)error["message"])
            && !string.IsNullOrEmpty((string?)error["code"]);
        return isOurs ? null : $"no error of ours ({mediaType}): {body}";
    }

    private static string? ProblemDetailsProblem(HttpStatusCode status, string? mediaType, string body)
    {
        var isProblem = mediaType == "application/problem+json" && (int?)Parse(body)?["status"] == (int)status;
        return isProblem ? null : $"no problem details ({mediaType}): {body}";
    }

    private static JsonNode? Parse(string body)
    {
        try
        {
            return JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
