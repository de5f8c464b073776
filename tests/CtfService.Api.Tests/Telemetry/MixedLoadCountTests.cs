using System.Diagnostics.Metrics;
using System.Text;
using System.Text.RegularExpressions;
using CtfService.Api.Tests.Idempotency;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace CtfService.Api.Tests.Telemetry;

/// <summary>Many concurrent callers of every kind: the metrics agree with the responses.</summary>
public sealed partial class MixedLoadCountTests
{
    private const int Requests = 600;
    private const int AtOnce = 24;

    /// <summary>Counted together, because a caller that has hung up does not learn which of the two it was.</summary>
    private const string HangUpOrFull = "generations hang_up or queue_full";

    [Fact]
    public async Task Requests_OfAllKindsAtOnce_AreCountedOnceAndAsTheirResponses()
    {
        await using var api = new TestApi
        {
            Settings =
            {
                ["Inference:MaxQueuedImages"] = "16",
                ["Inference:MaxFailedSteps"] = "1000", // the test makes steps fail, sometimes five in a row
            },
        };
        await api.InitializeAsync();
        api.Generator.StepsPerImage = 3;
        using var ledger = new RequestLedger(api.Services);
        var expected = new string[Requests];

        await Parallel.ForEachAsync(
            Enumerable.Range(0, Requests),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (request, _) => expected[request] = await Ask(api, request));

        var ends = await ledger.EndsAsync(Requests);
        Assert.Equal(Requests, ledger.Received.Count);
        Assert.Equal(Requests, ends.Count);
        Assert.Equal(Count(expected), Count(ends.Select(end => $"{end.Route} {end.Reason}")));
        Assert.Contains(ends, end => end.Reason == "hang_up");
        Assert.True(Count(expected).Count >= 8, string.Join(", ", Count(expected)));
        await AssertNothingIsLeft(api);
    }

    /// <summary>Sends a request and returns its route and the reason that follows from its response.</summary>
    private static async Task<string> Ask(TestApi api, int request) => (request % 12) switch
    {
        0 => await Answer("generations", api.PostImages("""{"class_label": 0}""")),
        1 => await Answer("generations", api.PostImages("""{"class_label": 1, "n": 4}""", accept: "image/png")),
        2 => await Answer("generations", api.PostImages("""{"class_label": 2, "stream": true, "partial_images": 2}""")),
        3 => await Answer("generations", api.PostImages("""{"class_label": "nonsense"}""")),
        4 => await Answer("generations", api.PostWithKey($"key-{request / 48}", """{"class_label": 3}""")),
        5 => await Answer(
            "redetail",
            api.Post(TestApi.Details, new StringContent("""{"class_label": 0, "layout": [0, 1, 2, 3]}""", Encoding.UTF8, "application/json"))),
        6 => await Answer("variations", api.Post(TestApi.Variations, new StringContent("no form"))),
        7 => await Answer(
            "generations",
            api.Post(TestApi.Images, new StringContent("""{"class_label": 4, "seed": 1}""", Encoding.UTF8, "application/json"), ("If-None-Match", "*"))),
        8 => await HangUp(api),
        9 => await WithFailingStep(api),
        10 => await Answer("generations", api.PostImages("""{"class_label": 1, "n": 16}""")),
        _ => await Answer("generations", api.PostImages("{", accept: "image/webp")),
    };

    private static async Task<string> WithFailingStep(TestApi api)
    {
        api.Generator.FailNextStep(new InvalidOperationException("broken kernel")); // fails all running requests
        return await Answer("generations", api.PostImages("""{"class_label": 0}"""));
    }

    /// <summary>A caller that hangs up before the response. It does not learn whether the queue was full.</summary>
    private static async Task<string> HangUp(TestApi api)
    {
        var ended = await api.PostImagesUntil("""{"class_label": 0, "n": 2}""", new CancellationToken(canceled: true));
        return ended.Response.StatusCode is StatusCodes.Status499ClientClosedRequest or StatusCodes.Status429TooManyRequests
            ? HangUpOrFull
            : throw new InvalidOperationException($"Unexpected status {ended.Response.StatusCode}.");
    }

    private static async Task<string> Answer(string route, Task<HttpResponseMessage> answering)
    {
        using var response = await answering;
        var text = await response.Content.ReadAsStringAsync();
        var reason = ((int)response.StatusCode, Code(text)) switch
        {
            (200, null) => response.Headers.Contains("Idempotent-Replayed") ? "replayed" : "ok",
            (304, _) => "not_modified",
            (429, "queue_full") => "queue_full",
            (200 or 500, "generation_failed") => "step_failed",
            (400 or 415, _) => "invalid",
            var other => throw new InvalidOperationException($"Unexpected answer {other}: {text}"),
        };
        return $"{route} {reason}";
    }

    /// <summary>Returns the code of an error in a body or in the last event of a stream.</summary>
    private static string? Code(string text) => ErrorCode().Match(text) is { Success: true } found ? found.Groups[1].Value : null;

    private static SortedDictionary<string, int> Count(IEnumerable<string> reasons) =>
        new(
            reasons.GroupBy(reason => reason is "generations hang_up" or "generations queue_full" ? HangUpOrFull : reason)
                .ToDictionary(group => group.Key, group => group.Count()),
            StringComparer.Ordinal);

    private static async Task AssertNothingIsLeft(TestApi api)
    {
        // What was abandoned has left when a request succeeds.
        while (await Answer("generations", api.PostImages("""{"class_label": 0}""")) != "generations ok")
        {
        }

        var meters = api.Services.GetRequiredService<IMeterFactory>();
        foreach (var gauge in (string[])["ctf.queue.images", "ctf.queue.rows", "ctf.images.running"])
        {
            using var collector = new MetricCollector<int>(meters, "CtfService", gauge);
            collector.RecordObservableInstruments();
            Assert.Equal((gauge, 0), (gauge, collector.LastMeasurement!.Value));
        }
    }

    [GeneratedRegex("\"code\":\"([a-z_]+)\"")]
    private static partial Regex ErrorCode();
}
