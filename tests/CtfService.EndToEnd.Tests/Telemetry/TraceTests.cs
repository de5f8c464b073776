using System.Net.Http.Headers;
using Xunit.Abstractions;

namespace CtfService.EndToEnd.Tests.Telemetry;

/// <summary>The telemetry of requests that a collector receives.</summary>
[Collection(TracedService.Name)]
public sealed class TraceTests(TracedService service, ITestOutputHelper output)
{
    private const string Route = "/v1/images/generations";

    private static readonly string[] Stages = ["queue", "coarse", "fine", "vq_decode"];

    [Theory]
    [InlineData(1, null)]
    [InlineData(8, null)]
    [InlineData(1, "image/png")]
    public async Task Trace_ManyRequests_StagesAddUpToTheRequestWithinFivePercent(int images, string? accept)
    {
        var shares = new List<(double All, double OfTheImage)>();
        for (var request = 0; request < 40; request++)
        {
            var (trace, response) = await service.PostTraced(Route, $$"""{"class_label": "banana", "n": {{images}}}""", accept: accept);
            response.Dispose();
            shares.Add(Shares(await service.Spans(trace), images));
        }

        var warm = shares.Skip(10).ToList(); // the first requests include JIT compilation
        var (median, ofTheImage) = (Median(warm.Select(share => share.All)), Median(warm.Select(share => share.OfTheImage)));
        output.WriteLine(
            $"Spans over request, {images} image(s): median {median:0.000}, from {warm.Min(share => share.All):0.000} to {warm.Max(share => share.All):0.000}; "
            + $"without receive and answer, except encoding, {ofTheImage:0.000}.");
        Assert.InRange(median, 0.95, 1.0);

        static double Median(IEnumerable<double> values) => values.Order().ElementAt(15);
    }

    [Fact]
    public async Task Trace_SeveralImages_IsOneTreeUnderTheRequest()
    {
        var (trace, response) = await service.PostTraced(Route, """{"class_label": "banana", "n": 3, "seed": 5}""");
        response.Dispose();

        var spans = await service.Spans(trace);
        var request = Assert.Single(spans, span => span.IsRequest);
        Assert.Equal(("POST /v1/images/generations", "ctf-service"), (request.Name, request.Service));
        string[] names = ["ctf.route", "ctf.outcome", "ctf.reason", "ctf.class", "ctf.seed", "ctf.images"];
        Assert.Equal(["generations", "completed", "ok", "banana", "5", "3"], names.Select(name => request.Attributes[name]));
        Assert.Equal(request.SpanId, Assert.Single(spans, span => span.Name == "receive").ParentId);
        var answer = Assert.Single(spans, span => span.Name == "answer");
        Assert.Equal(request.SpanId, answer.ParentId);
        var images = spans.Where(span => span.Name == "image").ToList();
        Assert.Equal(["0", "1", "2"], images.Select(image => image.Attributes["ctf.image.index"]).Order(StringComparer.Ordinal));
        Assert.All(images, image => Assert.Equal(request.SpanId, image.ParentId));
        Assert.All(images, image => Assert.Equal(Stages, spans.Where(span => span.ParentId == image.SpanId).Select(span => span.Name)));
        Assert.Equal(3, spans.Count(span => span.Name == "encode" && span.ParentId == answer.SpanId));
        Assert.All(spans, span => Assert.InRange(span.Start, request.Start, span.End));
        Assert.All(spans, span => Assert.InRange(span.End, span.Start, request.End));
    }

    [Fact]
    public async Task Trace_RequestsFinishInOneBatch_TheirLaterStagesLinkToIt()
    {
        var posts = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => service.PostTraced(Route, """{"class_label": "kiwi", "n": 2}""")));

        var spans = new List<OtlpSpan>();
        foreach (var (trace, response) in posts)
        {
            response.Dispose();
            spans.AddRange(await service.Spans(trace));
        }

        var batches = spans.Where(span => span.Name == "batch").ToDictionary(span => span.SpanId);
        var requests = spans.Where(span => span.IsRequest).Select(span => span.SpanId).ToList();
        Assert.NotEmpty(batches);
        Assert.All(batches.Values, batch => Assert.Subset(requests.ToHashSet(), batch.Links.ToHashSet()));
        var linked = spans.Where(span => span.Name is "fine" or "vq_decode" && span.Links.Count > 0).ToList();
        Assert.NotEmpty(linked);
        Assert.All(linked, span => Assert.Contains(Assert.Single(span.Links), batches.Keys));
        Assert.DoesNotContain(spans, span => span.Name is "queue" or "coarse" or "encode" && span.Links.Count > 0);
    }

    [Fact]
    public async Task Trace_Variation_HasVqEncodeInPlaceOfCoarse()
    {
        var image = await service.Images(Route, """{"class_label": "banana", "seed": 7}""");
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(image[0].GetProperty("b64_json").GetBytesFromBase64()), "image", "banana.png" },
        };
        var trace = System.Diagnostics.ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/images/variations") { Content = form };
        request.Headers.Add("traceparent", $"00-{trace}-0123456789abcdef-01");

        using var response = await service.Client.SendAsync(request);

        var names = (await service.Spans(trace)).Select(span => span.Name).ToList();
        Assert.Contains("vq_encode", names);
        Assert.DoesNotContain("coarse", names);
    }

    [Fact]
    public async Task Trace_CallerDoesNotSample_NothingIsSent()
    {
        var (trace, response) = await service.PostTraced(Route, """{"class_label": "banana"}""", isSampled: false);
        response.Dispose();

        var (later, sampled) = await service.PostTraced(Route, """{"class_label": "banana"}""");
        sampled.Dispose();
        await service.Spans(later); // everything before it has been exported
        Assert.DoesNotContain(service.Receiver.Spans, span => span.TraceId == trace);
    }

    [Fact]
    public async Task Log_TracedRequest_IsSentWithItsTrace()
    {
        var (trace, response) = await service.PostTraced(Route, """{"class_label": "banana"}""");
        var requestId = Assert.Single(response.Headers.GetValues("X-Request-Id"));
        response.Dispose();
        await service.Spans(trace); // the request has ended, so its log line exists
        service.FlushMetricsAndLogs();

        var line = Assert.Single(
            service.Receiver.LogRecords, record => record.Hex(9) == trace && record.Attributes(6).GetValueOrDefault("RequestId") == requestId);
        Assert.Equal(("completed", "ok", "banana"), (line.Attributes(6)["Outcome"], line.Attributes(6)["Reason"], line.Attributes(6)["ClassLabel"]));
    }

    [Theory]
    [InlineData("gen_ai.server.request.duration", "POST /v1/images/generations")]
    [InlineData("ctf.queue.wait", "queue")]
    [InlineData("ctf.stage.duration", "fine")]
    public async Task Exemplars_TracedRequests_LeadToTheirSpans(string metric, string span)
    {
        for (var request = 0; request < 3; request++)
        {
            var (trace, response) = await service.PostTraced(Route, """{"class_label": "banana"}""");
            response.Dispose();
            await service.Spans(trace);
        }

        service.FlushMetricsAndLogs();

        var exemplars = service.Receiver.HistogramPoints(metric).SelectMany(point => point.Messages(8)).Select(exemplar => exemplar.Hex(4)).ToList();
        Assert.Contains(service.Receiver.Spans, found => found.Name == span && exemplars.Contains(found.SpanId));
    }

    [Fact]
    public async Task Exemplars_ScrapedAsOpenMetrics_NameTheirTrace()
    {
        var (trace, traced) = await service.PostTraced(Route, """{"class_label": "banana"}""");
        traced.Dispose();
        await service.Spans(trace);
        using var scrape = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        scrape.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text; version=1.0.0"));

        using var response = await service.Client.SendAsync(scrape);

        var text = await response.Content.ReadAsStringAsync();
        Assert.Matches("(?m)^gen_ai_server_request_duration_seconds_bucket.* # \\{.*trace_id=\"[0-9a-f]{32}\"", text);
        Assert.Contains(trace, text, StringComparison.Ordinal);
    }

    /// <summary>Returns what fraction of the request the spans of its last image cover, and what fraction the spans of the image itself.</summary>
    private static (double All, double OfTheImage) Shares(IReadOnlyList<OtlpSpan> spans, int images)
    {
        var request = Assert.Single(spans, span => span.IsRequest);
        Assert.Equal(images, spans.Count(span => span.Name == "image"));
        var last = spans.Where(span => span.Name == "image").MaxBy(span => span.End)!;
        var stages = spans.Where(span => span.ParentId == last.SpanId);
        return (Sum(stages.Concat(spans.Where(span => span.Name is "receive" or "answer"))), Sum(stages.Concat(spans.Where(span => span.Name == "encode"))));

        double Sum(IEnumerable<OtlpSpan> parts) => parts.Sum(part => part.Duration.TotalMilliseconds) / request.Duration.TotalMilliseconds;
    }
}
